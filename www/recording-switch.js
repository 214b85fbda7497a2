/* recording-switch.js - the button of the health panel that switches recording off, and on again. */
import * as api from "./api.js";
import { find, setText } from "./dom.js";

async function press(button, camera, wanted) {
  const problem = find("recording-problem");
  button.disabled = true;
  setText(problem, "");
  try {
    await api.switchRecording(camera, wanted);
  } catch ({ message }) {
    setText(problem, `Recording was not switched ${wanted}: ${message}`);
  }
  button.disabled = false;
}

/* recording: of /camera_info; allowed: whether the recorder takes changes from here. */
export function drawRecordingSwitch(camera, recording, allowed) {
  const button = find("recording-switch"), isOff = recording.state === "off";
  button.hidden = !allowed;
  setText(button, isOff ? "Switch recording on" : "Switch recording off");
  button.onclick = () => press(button, camera, isOff ? "on" : "off");
}
