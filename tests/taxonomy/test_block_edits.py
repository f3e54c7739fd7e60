import yaml

from tests.taxonomy.qna_styles import QNA_STYLES
from tests.taxonomy.spliced import changes, edit


def test_an_item_goes_with_the_comments_that_belong_to_it() -> None:
    text = QNA_STYLES["comments everywhere"]
    seeds = yaml.safe_load(text)["seed_examples"]
    assert changes(text, edit(text, ("seed_examples",), [seeds[0], seeds[2]])) == [
        "-   # wood\n",
        "-   # and paper\n",
        "-   - question: What does a paper mill grind?\n",
        "-     answer: Wood.\n",
        "-     # not paper\n",
    ]
    moved = edit(text, ("seed_examples",), [seeds[1], seeds[0], seeds[2]])
    assert "seed_examples: # five of them\n  # wood\n  # and paper\n  - question: What does a paper" in moved
    assert sorted(moved.splitlines()) == sorted(text.splitlines())
