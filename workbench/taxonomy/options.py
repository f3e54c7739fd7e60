"""Which taxonomy, compared with what, checked by which rules."""

from workbench.options import Options, option

DEFAULT_BASE = "origin/main"
NO_BASE = "empty"


class TaxonomyOptions(Options):
    """None of these is part of a fingerprint: the contents of the leaves that they select are."""

    taxonomy_path: str = option("", "folder of the taxonomy or one qna.yaml, else the workspace's", result=False)
    taxonomy_base: str = option(
        DEFAULT_BASE, "git branch, tag or commit to compare with, or the word empty for all leaves", result=False
    )
    yaml_rules: str = option("", "file with yamllint rules that replace the usual ones", result=False)
