"""Files as people write them: sixteen ways to indent, quote, fold, comment and repeat."""

QNA_STYLES: dict[str, str] = {
    "house": """version: 3
created_by: mill
task_description: Say what a mill grinds.
seed_examples:
  - question: What does a wind mill grind?
    answer: It grinds grain.
  - question: What does a paper mill grind?
    answer: |-
      It grinds
      wood.
  - question: "What: how?"
    answer: "1305"
""",
    "lists not indented": """version: 3
created_by: mill
task_description: 'Say what''s ground.'
seed_examples:
- question: What does a wind mill grind?
  answer: It grinds grain.
- answer: Wood.
  question: What does a paper mill grind?

- question: |
    And a saw mill?
  answer: |
    Nothing.

    It saws.
""",
    "comments everywhere": """# SPDX-License-Identifier: Apache-2.0
# A skill about mills.

---
# the format
version: 3 # newest
created_by: mill   # a name

# what is asked
task_description: >-  # folded
  Say what a mill grinds,
  in one sentence.
seed_examples: # five of them
  # grain
  - question: What does a wind mill grind? # easy
    # the answer is short
    answer: Grain. # yes
  # wood
  # and paper
  - question: What does a paper mill grind?
    answer: Wood.
    # not paper

  # the last
  - question: What does a saw mill do?
    answer: It saws.
# the end
""",
    "knowledge": """version: 3
domain: mills
created_by: mill
seed_examples:
  - context: |
      The mill at the weir grinds rye.

      It was built in 1732.
    questions_and_answers:
      - question: What does the mill at the weir grind?
        answer: Rye.
      - question: When was the mill built?
        answer: "1732"
      - question: |
          Where is the mill?
        answer: |
          At the weir.
  - context: The mill on the hill grinds wheat.
    questions_and_answers:
      - question: What does the mill on the hill grind?
        answer: Wheat.
document_outline: |-
  Mills
document:
  repo: https://example.org/mills
  commit: 0123456789abcdef0123456789abcdef01234567
  patterns:
    - mills.md
    - "*.md"
""",
    "four blanks": """version: 3
created_by: mill
seed_examples:
    -   question: What is rye?
        answer: A grain.
    -   question: What is a weir?
        answer: >
            A low dam,
            across a stream.

            It has a mill.
document:
    repo: .
    patterns:
        - "*.md"
""",
    "flow": """version: 3
created_by: "mill"
seed_examples: [{question: "What?", answer: That.}, {"question": "Who?", "answer": "She, they say."}]
document: {repo: ., commit: abcdef, patterns: [a.md, 'b.md']}
""",
    "flow over lines": """version: 3
seed_examples: [
  {question: "What?", answer: That.}, # first
  {
    question: "Who?",
    answer: She.
  },
  {question: "Why?", answer: 'Because.'}
]
tags: [ a, b ]
""",
    "all flow": "{version: 3, created_by: mill, seed_examples: [{question: a, answer: b}, {question: c, answer: d}]}\n",
    "json": """{
  "version": 3,
  "created_by": "mill",
  "seed_examples": [
    {"question": "What?", "answer": "That.\\nAnd this."},
    {"question": "Who?", "answer": "She."}
  ]
}
""",
    "long texts": """version: 3
created_by: mill
task_description: This text goes on
  over several lines
  until it ends.
seed_examples:
  - question: "This one is quoted
      and goes on,

      even further."
    answer: 'So
      does this.'
  -
    question: On a line
      of its own?
    answer:
      Below the key.
""",
    "blocks of all kinds": """version: 3
seed_examples:
  - question: |2-
        indented by four
      and by two
    answer: |+
      kept

  - question: >+
      folded and kept

    answer: >2
        more

      less
  - question: |-
      # no comment
      - no item

      the end
    answer: |
      plain
""",
    "aliases": """version: 3
created_by: &me mill
reviewed_by: *me
seed_examples:
  - &first
    question: What?
    answer: That.
  - *first
  - <<: *first
    answer: This.
  - question: &why Why?
    answer: *why
""",
    "tags": """%YAML 1.1
---
version: !!int 3
created_by: !!str 1305
when: 2001-12-14
share: 1:30
seed_examples: !!seq
  - question: !!str yes
    answer: &a !!str |-
      of a mill
  - ? question
    : explicit
    ? answer
    : keys
empty:
nothing: ~
...
""",
    "repeated keys": """version: 2
version: 3
created_by: mill
seed_examples:
  - question: a
    question: b
    answer: c
""",
    "letters of the world": """version: 3
created_by: Jürgen Müller
task_description: "🙂 grüßt 水车"
seed_examples:
  - question: Что мелет мельница?
    answer: 谷物。
  - question: 🌾 → ?
    answer: "a\\u2028b"
""",
    "indented": """  version: 3
  created_by: mill
  seed_examples:
    - - a
      - b
    - - c
    -
      - d
      - question: e

        answer: f
""",
}
