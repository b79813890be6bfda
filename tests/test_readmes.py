"""What the READMEs name is there: links, anchors, pictures, paths."""
import re
from collections import Counter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
FOLDERS = ('configs', 'mmseg_ext', 'tests', 'tools')
READMES = [REPOSITORY / 'README.md', *sorted(
    path for folder in FOLDERS
    for path in (REPOSITORY / folder).glob('**/README.md')
    # .mim: the copies that a wheel takes along
    if '.mim' not in path.parts)]
LISTED = ('.py', '.sh', '.csv')  # by the README beside them

FENCE = re.compile(r'^ *```.*?^ *```$', re.MULTILINE | re.DOTALL)
LINK = re.compile(r'\[[^\]]*\]\(([^)\s]+)\)')
HEADING = re.compile(r'^#+ +(.+)$', re.MULTILINE)
PATH = re.compile(
    r'(?<![\w/.-])((?:configs|tools)/[\w./{}*$-]+\.(?:py|sh|csv|txt))\b')
PLACEHOLDER = re.compile(r'[{}*$]|\b[A-Z]+\b')


def name(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def links(readme: Path) -> list[str]:
    prose = FENCE.sub('', readme.read_text(encoding='utf-8'))
    targets = LINK.findall(re.sub(r'`[^`]*`', 'code', prose))
    return [target for target in targets
            if not target.startswith(('https://', 'http://'))]


def anchors(readme: Path) -> set[str]:
    """Return what GitHub makes of the headings."""
    prose = FENCE.sub('', readme.read_text(encoding='utf-8'))
    seen, found = Counter(), set()
    for heading in HEADING.findall(prose):
        slug = re.sub(r'[^\w -]', '', heading.strip().lower())
        slug = slug.replace(' ', '-')
        found.add(f'{slug}-{seen[slug]}' if seen[slug] else slug)
        seen[slug] += 1
    return found


def test_the_first_one_is_short():
    lines = (REPOSITORY / 'README.md').read_text(encoding='utf-8').count('\n')
    assert lines <= 250


@pytest.mark.parametrize('readme', READMES, ids=name)
def test_links_lead_somewhere(readme):
    broken = []
    for target in links(readme):
        place, _, anchor = target.partition('#')
        path = (readme.parent / place).resolve() if place else readme
        found = path.is_relative_to(REPOSITORY) and path.exists()
        if not found or (anchor and anchor not in anchors(path)):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize('readme', READMES, ids=name)
def test_named_configs_and_tools_exist(readme):
    named = set(PATH.findall(readme.read_text(encoding='utf-8')))
    assert not [path for path in sorted(named)
                if not PLACEHOLDER.search(path)
                and not (REPOSITORY / path).is_file()]


@pytest.mark.parametrize('readme', READMES[1:], ids=name)
def test_everything_beside_it_is_named(readme):
    text = readme.read_text(encoding='utf-8')
    assert not [path.name for path in sorted(readme.parent.iterdir())
                if path.suffix in LISTED and not path.name.startswith('_')
                and path.name not in text]
