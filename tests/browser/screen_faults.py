"""What is wrong with a page as it is seen, measured in its DOM."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import axe_playwright_python
from playwright.async_api import Page

from tests.web.test_words import LANGUAGES, Words, ask

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
SERIOUS = """async () => (await axe.run(document, { preload: false })).violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((n) => n.html).join(' | ')}`)"""
MEASURED = """() => {
    const found = [], dotted = [];
    const short = (element) => element.outerHTML.slice(0, 140);
    const front = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body;
    const isSeen = (element) => element.checkVisibility({ visibilityProperty: true,
        opacityProperty: true, contentVisibilityAuto: true });
    const controls = [...front.querySelectorAll('button, a[href], select, label:has(> input), '
        + 'summary, [role=tab], input:not([type=radio], [type=checkbox]), textarea')]
        .filter((e) => isSeen(e) && !e.closest('[inert], .only-aloud'))
        .map((e) => [e, e.getBoundingClientRect()])
        .filter(([, box]) => box.width > 0 && box.height > 0);

    const scrolls = (e) => /auto|scroll/.test(getComputedStyle(e).overflowX);
    const isInScroller = (e) => e.parentElement && (scrolls(e.parentElement)
        || isInScroller(e.parentElement));
    const pages = [document.documentElement, ...front.querySelectorAll('.sheet-body')];
    for (const page of pages.filter((e) => e.scrollWidth > e.clientWidth + 1)) {
        const edge = page.getBoundingClientRect().left + page.clientWidth;
        const wide = [...page.querySelectorAll('*')].filter((e) =>
            e.getBoundingClientRect().right > edge + 1 && (page !== pages[0] || !isInScroller(e)));
        found.push(...wide.slice(0, 3).map((e) => `scrolls sideways: ${short(e)}`));
        const by = page.scrollWidth - page.clientWidth;
        if (!wide.length) found.push(`scrolls sideways by ${by} px`);
    }
    for (const [e, box] of controls) { // a finger's 44 px on a phone; a mouse on a desk hits less
        const least = innerWidth < 960 ? Math.min(box.width, box.height) >= 43.9 : box.height >= 36;
        if (!least) found.push(`hard to hit, ${box.width} x ${box.height}: ${short(e)}`);
    }

    // What scrolls shows its texts one after the other; dots may cut what people wrote.
    const cuts = (style) => /hidden|clip/.test(style.overflowX);
    const walker = document.createTreeWalker(front, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const own = node.parentElement;
        if (!node.data.trim() || !isSeen(own)
            || own.closest('.only-aloud, option, textarea, noscript, script, style, svg')) continue;
        range.selectNodeContents(node);
        const text = range.getBoundingClientRect();
        if (!text.width || !text.height) continue;
        for (let box = own; box && box !== front; box = box.parentElement) {
            const style = getComputedStyle(box);
            if (style.position === 'fixed' || style.display === 'contents') break;
            if (style.position === 'absolute' && !cuts(style)) break; // as the count on a button
            const isControl = box.matches('button, a.button, .chip span, [role=tab]');
            if (/auto|scroll/.test(style.overflowX + style.overflowY)) break;
            if (!isControl && !cuts(style)) continue;
            const edge = box.getBoundingClientRect();
            const high = parseFloat(style.fontSize) * .4; // a font may be higher than its line
            if (text.left < edge.left - 1 || text.right > edge.right + 1
                || text.top < edge.top - high || text.bottom > edge.bottom + high) {
                const dots = style.textOverflow === 'ellipsis' || style.webkitLineClamp !== 'none';
                if (dots) dotted.push([node.data.trim(), short(box)]);
                else found.push(`cut off: “${node.data.trim().slice(0, 60)}” in ${short(box)}`);
            }
            break;
        }
    }

    const pen = document.createElement('canvas').getContext('2d');
    for (const select of front.querySelectorAll('select')) {
        const words = select.selectedOptions[0]?.text;
        if (!words || !isSeen(select)) continue;
        const style = getComputedStyle(select);
        pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
        const sides = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
        const arrow = 18;
        if (pen.measureText(words).width > select.clientWidth - sides - arrow) {
            dotted.push([words, short(select)]);
        }
    }

    // Whatever of a control can be seen is not under another one.
    const clipped = ([e, box]) => {
        let { left, top, right, bottom } = box;
        for (let up = e.parentElement; up; up = up.parentElement) {
            const style = getComputedStyle(up);
            if (style.overflowX === 'visible' && style.overflowY === 'visible') continue;
            const edge = up.getBoundingClientRect();
            left = Math.max(left, edge.left); right = Math.min(right, edge.right);
            top = Math.max(top, edge.top); bottom = Math.min(bottom, edge.bottom);
        }
        return [e, { left, top, right, bottom }];
    };
    const floats = (e) => { // what lies under it can be scrolled away
        for (let up = e; up; up = up.parentElement) {
            if (/fixed|sticky/.test(getComputedStyle(up).position)) return up;
        }
        return null;
    };
    const seen = controls.map(clipped)
        .filter(([, { left, top, right, bottom }]) => right - left > 2 && bottom - top > 2);
    seen.forEach(([e, a], n) => seen.slice(n + 1).forEach(([other, b]) => {
        if (e.contains(other) || other.contains(e) || floats(e) !== floats(other)) return;
        const isInside = e.parentElement.contains(other) || other.parentElement.contains(e);
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide > 3 && high > 3 && !(isInside && e.matches('input, .say'))) {
            found.push(`overlap: ${short(e)} and ${short(other)}`);
        }
    }));
    return { found, dotted };
}"""
# What people wrote stands in these; a name of a language is its own.
SAID = """() => {
    const texts = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const box = node.parentElement;
        if (node.data.trim() && box.checkVisibility()
            && !box.closest('bdi, [dir=auto], [lang], noscript, script, style, option, .prefs')) {
            texts.add(node.data.trim());
        }
    }
    for (const element of document.querySelectorAll('[aria-label], [title], [placeholder]')) {
        if (element.closest('[lang], .prefs')) continue;
        for (const name of ['aria-label', 'title', 'placeholder']) {
            if (element.getAttribute(name)) texts.add(element.getAttribute(name).trim());
        }
    }
    return [...texts];
}"""
# Three such words in a text that no person wrote make it a sentence of the server's.
ENGLISH = re.compile(r"\b(the|is|are|was|of|and|to|not|this|that|here|has|have|can|at most)\b")
ENGLISH_WORDS_MIN = 3


HOLES = re.compile(r"\\{\w+\\}")
LETTERS_MIN = 4
"""Letters that an entry with holes needs besides them, so that it matches nothing by chance."""


class Dictionary:
    """The texts of the pages in every language, to tell which language a text is in."""

    def __init__(self) -> None:
        both, french = ask("en", "[{...it.STRINGS, ...more}, french]")
        tables: Mapping[str, Mapping[str, Words]] = {
            "zh": {key: pair[0] for key, pair in both.items()},
            "en": {key: pair[1] for key, pair in both.items()},
            "fr": french,
        }
        self._texts = {language: set(_texts_of(table)) for language, table in tables.items()}
        self._patterns = {
            language: re.compile("|".join(_patterns_of(texts)))
            for language, texts in self._texts.items()
        }

    def has(self, text: str, language: str) -> bool:
        """Whether it is a text of the pages in a language, its holes filled in."""
        filled = self._patterns[language].fullmatch(text) is not None
        return text in self._texts[language] or filled

    def foreign(self, texts: list[str], language: str) -> list[str]:
        """The texts of a page in `language` that are words of another one."""
        others = [other for other in LANGUAGES if other != language]
        return [
            text
            for text in texts
            if (
                len(text) > 1
                and any(self.has(text, other) for other in others)
                and not self.has(text, language)
            )
            or (language != "en" and len(ENGLISH.findall(text)) >= ENGLISH_WORDS_MIN)
        ]


def _texts_of(table: Mapping[str, Words]) -> Iterator[str]:
    for words in table.values():
        yield from [words] if isinstance(words, str) else words.values()


def _patterns_of(texts: set[str]) -> Iterator[str]:
    for text in texts:
        pattern = HOLES.sub(".+?", re.escape(text))
        letters = sum(map(str.isalpha, HOLES.sub("", re.escape(text))))
        if pattern != re.escape(text) and letters >= LETTERS_MIN:
            yield pattern


async def measured(page: Page, dictionary: Dictionary, language: str) -> list[str]:
    """What is cut off, covered, hard to hit, or wider than the window."""
    answer = await page.evaluate(MEASURED)
    cut = [f"cut off with dots: “{text}” in {box}" for text, box in answer["dotted"]
           if dictionary.has(text, language)]  # fmt: skip
    return [*answer["found"], *cut]


async def audited(page: Page) -> list[str]:
    """What axe finds to be serious."""
    await page.evaluate(AXE)
    found: list[str] = await page.evaluate(SERIOUS)
    return found


async def untranslated(page: Page, dictionary: Dictionary, language: str) -> list[str]:
    """Texts that are not in the page's language."""
    said: list[str] = await page.evaluate(SAID)
    return [f"not in {language}: {text}" for text in dictionary.foreign(said, language)]
