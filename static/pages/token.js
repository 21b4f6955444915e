/* The token that shows a change to be asked for by our own page: of now, for it changes when somebody signs in in another tab. */
"use strict";

window.readToken = () => {
  const kept = document.cookie.split("; ").find((each) => each.startsWith("csrftoken="));
  return kept ? kept.slice("csrftoken=".length) : document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
};
