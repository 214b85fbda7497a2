/* events.js - events that carry what happened as properties. */

/* Calls the listeners of `target`: emit(this, "gap", { gap }) gives each an Event of type "gap" whose `gap` is that. */
export function emit(target, type, properties = {}) {
  target.dispatchEvent(Object.assign(new Event(type), properties));
}
