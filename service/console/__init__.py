"""The chair's console: pages in a browser over the public API, and nothing beside it.

Every page asks the API in this process as whoever is logged in (`visit.api`, the typed client of `service.client`), so
that each rule of the API holds here. No module of this package imports storage or the library.

To add a page:

1. Write a module `service/console/<name>.py`::

       from service.console.pages import Pages, Visit

       pages = Pages()
       pages.entry("Submissions", "/venues/{venue_id}/runs/{run_id}/submissions", order=210)


       @pages.get("/venues/{venue_id}/runs/{run_id}/submissions")
       def submissions(visit: Visit) -> Response:
           shown = visit.api.get(f"{visit.run_path}/assignment", limit=100, cursor=visit.query("cursor"))
           return visit.show("submissions.html", shown=shown)

   and name it in `MODULES` of `service/console/site.py`. Paths stand below `/console`. Handlers are plain functions
   that run in a thread of their own; they may take their time. `visit.path["venue_id"]` is what the address holds,
   `visit.query("q")` what stands behind its question mark, `visit.form("name")` a field of a
   form. An entry of the navigation whose path names a venue or a run is shown where one is at hand.

2. Write `templates/<name>.html`::

       {% extends "layout.html" %}
       {% import "parts.html" as parts %}
       {% block title %}Submissions{% endblock %}
       {% block main %}…{% endblock %}

   Everything is escaped, and what is missing is an error: `each.get("name")` where a key may be absent, `each["clear"]`
   where a key is called like a method of dictionaries. No inline script, style or event handler: the policy forbids
   them; style is in `static/console.css` (classes of its top comment), script in a file of your own under `static/`,
   given in `{% block scripts %}<script defer src="{{ static('grid.js') }}"></script>{% endblock %}`. `parts` has tiles,
   chips, empty states, pagers and findings; filters are `number`, `score`, `share`, `when`, `ago`, `plural`.

3. For a part of a page that HTMX asks for, give the block: `visit.show("x.html", block="rows", …)` renders it alone
   when `visit.is_partial`, the whole page otherwise.

   What takes seconds the first time, such as reading a large run, begins with `visit.later(title, words)`.

4. What writes is a POST: `@pages.post(path)`, a form with `{{ csrf() }}` (HTMX sends the token by itself), and ends in
   `visit.go(path, said="published")`; the sentence behind the word is given once by `pages.says(published="…")`.
   Errors of the API become pages (or a message in place, for HTMX) by themselves; catch `ClientError` only to show a
   form again with what was wrong: `visit.show(…, problem=error.problem)` and `{{ parts.problem(problem) }}`.

5. Pages lead to each other by these addresses; `visit.link("/venues/{venue_id}/runs/{run_id}/pair", submission_id=…,
   reviewer_id=…)` gives the address where that page is there, and `None` where it is not:

   - `/venues/{venue_id}`: the venue; `…/data`: uploads; `…/check`: data quality; `…/run`: the form of a run;
     `…/jobs/{job_id}`: progress;
   - `/venues/{venue_id}/runs/{run_id}`: overview; `…/rows`: what is behind a bar;
   - `/venues/{venue_id}/runs/{run_id}/submissions` and `…/reviewers`: browse and edit, `?q=` filters;
   - `/venues/{venue_id}/runs/{run_id}/pair?submission_id=&reviewer_id=`: why, or why not;
   - `/venues/{venue_id}/runs/{run_id}/conflicts`: conflict review; `…/shortfalls`: gaps and ways out;
   - `/venues/{venue_id}/runs/{run_id}/what-if`, `…/compare?other=`, `…/exports`.

   Orders of the navigation: 10 to 90 all venues, 100 to 190 the venue, 200 to 290 browse, edit, why, 300 and above
   what if, compare, review, exports. The overview is 200.

6. `visit.pass_on(path, **query)` streams an answer of the API, such as a download, to the browser.
"""
