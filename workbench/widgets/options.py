"""What a notebook that looks at leaves and writes them can be told."""

from workbench.options import Options, option


class LeafOptions(Options):
    """Options of the notebook 01_taxonomy."""

    leaf: str = option("knowledge/engineering/lighthouses", "leaf whose qna.yaml is opened first", result=False)
    new_leaf: str = option("", "where your own skill is saved, for instance writing/letters", result=False)
