"""What a notebook that only looks can be told."""

from workbench.options import Options, option


class LeafOptions(Options):
    """Options of the notebook 01_taxonomy."""

    leaf: str = option("knowledge/engineering/lighthouses", "leaf whose qna.yaml is opened first", result=False)
