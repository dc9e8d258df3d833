"""The modules of the page as one script."""

import pytest

from search_api.service.modules import join_modules

ENTRY = 'import { one, two as other } from "./parts/a.js";\nimport * as b from "./b.js";\nrun(one, other, b.three);\n'


def test_modules_come_after_those_that_they_import_and_keep_their_scope() -> None:
    texts = {
        "app.js": ENTRY,
        "parts/a.js": 'import { three } from "../b.js";\nexport const one = three;\nexport async function two() {}\n',
        "b.js": "const hidden = 3;\nexport const three = hidden;\n",
    }
    script = join_modules(texts, "app.js")
    assert [line.split(" =")[0] for line in script.splitlines() if line.startswith("modules[")] == [
        'modules["b.js"]',
        'modules["parts/a.js"]',
        'modules["app.js"]',
    ]
    assert 'const { one, two: other } = modules["parts/a.js"];\nconst b = modules["b.js"];\nrun(' in script
    assert "return { one, two };" in script
    assert "hidden" not in script.partition("return { three };")[2]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"app.js": 'import { a } from "./a.js";'}, "app.js imports a.js: missing"),
        (
            {"app.js": 'import { a } from "./a.js";', "a.js": 'import { b } from "./app.js";'},
            "app.js imports a.js imports app.js: a circle",
        ),
        ({"app.js": "export default 1;"}, "app.js: 'export default 1;' is not in a form that can be joined"),
        ({"app.js": 'import "./a.js";'}, "is not in a form that can be joined"),
    ],
)
def test_what_cannot_be_joined_is_refused(texts: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        join_modules(texts, "app.js")
