/*
 * problem-words.js - what the page says when the recorder refuses a request or fails. The API's sentences are for
 * scripts: they name parameters and addresses, which nobody sees here.
 */

const WORDS = {
  400: "The recorder does not understand this page. Reload it: it may be older than the recorder.",
  401: "The login is not valid any more. Reload the page and log in again.",
  403: "This is not allowed from here.",
  404: "It is not there any more.",
  409: "There is one of that name already.",
  413: "That is too much at once. Choose a shorter time.",
  421: "The recorder does not know the name in this page's address. Use its IP address, or add the name to hosts in "
    + "the section [http] of recorder.ini.",
  429: "This device asks for too much at once. Try again in a moment.",
  500: "The recorder failed at that; its log says why.",
  502: "The web server does not reach the recorder's programs.",
  503: "The recorder cannot do that now. Try again in a moment.",
  504: "The recorder's programs do not answer the web server.",
  507: "The disk has no room for that. Delete clips that are not needed any more, or choose a shorter time.",
};

/* A sentence about the recorder's state, such as a disk that hangs, has nothing of the API in it. */
const isPlain = (sentence) => !/[=/&?]|\b[a-z]+\.[a-z_]+\b/.test(sentence);

/* status: of the answer; sentence: the API's, or "". */
export function problemWords(status, sentence) {
  if (status === 503 && sentence && isPlain(sentence)) return sentence;
  return WORDS[status] ?? `The server answered with status ${status}.`;
}
