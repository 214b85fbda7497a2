/* zoom_and_pan.mjs - somebody turns the wheel over the time line and drags it, and each frame that the page draws is timed. */

/* Turns the wheel so many notches, towards the picture where `deltaY` is negative, and drags at each third. */
export async function wheelAndDrag(user, turns, deltaY) {
  const box = await user.box(), centre = { x: box.x + box.width / 2, y: box.y + 40 };
  await user.page.mouse.move(centre.x, centre.y);
  for (let turn = 0; turn < turns; turn++) {
    await user.page.mouse.wheel({ deltaY });
    if (turn % 3 === 0) await user.drag(centre, { x: centre.x + (turn % 2 ? 120 : -120), y: centre.y });
  }
}

/* Begins to time the frames that the page draws. */
export const watchFrames = (user) => user.page.evaluate(() => {
  globalThis.frameCosts = [];
  const ask = globalThis.requestAnimationFrame.bind(globalThis);
  globalThis.requestAnimationFrame = (draw) => ask((now) => {
    const began = performance.now();
    draw(now);
    globalThis.frameCosts.push(performance.now() - began);
  });
});

/* Resolves to the milliseconds of each frame since then, from its beginning until all that was asked for in it was drawn. */
export const frameCosts = (user) => user.page.evaluate(() => globalThis.frameCosts);
