/* zoom_and_pan.mjs - turns the wheel over the timeline, drags it, and times each frame that the page draws. */

/* Turns the wheel by so many notches (a negative deltaY zooms in), and drags at every third one. */
export async function wheelAndDrag(user, notches, deltaY) {
  const box = await user.box(), centre = { x: box.x + box.width / 2, y: box.y + 40 };
  await user.page.mouse.move(centre.x, centre.y);
  for (let notch = 0; notch < notches; notch++) {
    await user.page.mouse.wheel({ deltaY });
    if (notch % 3 === 0) await user.drag(centre, { x: centre.x + (notch % 2 ? 120 : -120), y: centre.y });
  }
}

/* From now on the page times the frames that it draws. */
export const watchFrames = (user) => user.page.evaluate(() => {
  globalThis.frameCosts = [];
  const request = globalThis.requestAnimationFrame.bind(globalThis);
  globalThis.requestAnimationFrame = (draw) => request((now) => {
    const began = performance.now();
    draw(now);
    globalThis.frameCosts.push(performance.now() - began);
  });
});

/* Resolves to the milliseconds that each frame since then took to draw. */
export const frameCosts = (user) => user.page.evaluate(() => globalThis.frameCosts);
