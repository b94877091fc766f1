/** Questions before what cannot be undone. Cancel has the focus where it destroys. */

/**
 * @typedef {object} Question
 * @property {string} title names the deed and how many it hits
 * @property {string} [body] what follows from it
 * @property {(string | Node)[]} [items] every object that it hits
 * @property {{name: string, label: string, checked?: boolean}[]} [checks]
 * @property {Node[]} [fields] further fields, with names
 * @property {string} verb the button: the deed, never "OK"
 * @property {boolean} [danger]
 * @property {string} [typed] what has to be typed first
 * @property {boolean} [focusVerb] the fields are right as they are: Enter does it
 */

/**
 * Asks. Resolves to null (cancelled) or to the values of the form.
 * @param {Question} question
 * @returns {Promise<Record<string, string> | null>}
 */
export const ask = async (question) => (await import("./dialogbox.js")).ask(question);

/** Shows something to read, with one button to close it; resolves once it is closed. */
export const sheet = async (title, content, options) =>
  (await import("./dialogbox.js")).sheet(title, content, options);
