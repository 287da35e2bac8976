"""GraphiQL over Histograph's schema, for people; its page and all its files come from here, none from another host.

`web/` is the page's source, `static/` what `make explorer` builds of it, `queries/` what its first tabs hold.
"""

from serving.explorer.browsers import to_explorer, wants_page
from serving.explorer.files import routes

__all__ = ["routes", "to_explorer", "wants_page"]
