"""Sphinx's configuration. The sources that it reads are put together by scripts/docs, which names the folder of Doxygen's XML
in PERDURE_DOXYGEN. Every warning is an error there."""
import os

project = "Perdure"
author = "the Perdure authors"
extensions = ["breathe", "myst_parser"]
breathe_projects = {"perdure": os.environ["PERDURE_DOXYGEN"]}
breathe_default_project = "perdure"
breathe_domain_by_extension = {"h": "c"}
breathe_show_include = False
myst_heading_anchors = 3
highlight_language = "none"
html_theme = "alabaster"
html_theme_options = {"page_width": "1200px", "body_max_width": "none", "sidebar_width": "240px", "fixed_sidebar": False,
                      "description": "Continual learning by plugins"}
html_sidebars = {"**": ["about.html", "navigation.html", "searchbox.html"]}
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_copyright = False
