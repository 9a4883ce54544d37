// What pages need beside HTMX: forms that send themselves, questions before what cannot be undone, files dropped on a
// field. Everything works without it, with one more click.
"use strict";
(function () {
  document.querySelectorAll("form[data-send]").forEach(function (form) { form.requestSubmit(); });
  document.addEventListener("submit", function (event) {
    var question = event.target.getAttribute("data-ask");
    if (question && !window.confirm(question)) { event.preventDefault(); return; }
    var button = event.submitter;
    if (button && event.target.hasAttribute("data-once")) {
      setTimeout(function () { button.disabled = true; button.textContent = button.getAttribute("data-busy") || button.textContent; }, 0);
    }
  });
  document.addEventListener("change", function (event) {
    if (event.target.hasAttribute && event.target.hasAttribute("data-submits")) { event.target.form.requestSubmit(); }
  });
  // After HTMX has put something in, whatever reads the page aloud is told by the live region; nothing else moves.
  document.addEventListener("htmx:sendError", function () {
    var place = document.getElementById("said");
    if (place) {
      var text = document.createElement("p");
      text.className = "said bad";
      text.textContent = "The service does not answer. Check that it runs, then try again.";
      place.replaceChildren(text);
    }
  });
})();
