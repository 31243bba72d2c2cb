"""What a person would find untidy on a page as it is seen, measured in its DOM."""

from playwright.async_api import Page

CARDS = "dl > div, .panel-box, .me-box, .ops-box, .feed-card"
"""What texts stand on, and should not stick out of; nor fields and buttons into its margin."""
WAYS_ON = ".details-sheet .buy, .form-foot .primary, .share [data-do=copy], .spot-card .primary"
"""What somebody came for: it is seen without scrolling."""
UNTIDY = """([cards, waysOn]) => {
    const found = [];
    const short = (element) => element.outerHTML.slice(0, 140);
    const front = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body;
    const isSeen = (element) => element.checkVisibility({ visibilityProperty: true,
        opacityProperty: true, contentVisibilityAuto: true });
    const all = (selector) => [...front.querySelectorAll(selector)].filter(isSeen);
    const left = (element) => element.getBoundingClientRect().left;

    const moves = (e) => e && e !== front
        && (/auto|scroll|hidden|clip/.test(getComputedStyle(e).overflowX)
            || moves(e.parentElement));
    const part = document.createRange();
    const walker = document.createTreeWalker(front, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const own = node.parentElement;
        if (!node.data.trim() || !isSeen(own)
            || own.closest('.only-aloud, option, textarea, noscript, script, style, svg')) continue;
        for (const { 0: number, index } of node.data.matchAll(/\\d[\\d.,:]{0,12}\\d/g)) {
            part.setStart(node, index);
            part.setEnd(node, index + number.length);
            const tops = new Set([...part.getClientRects()].map(({ top }) => Math.round(top)));
            if (tops.size > 1) found.push(`a broken number: ${number} in ${short(own)}`);
        }
        for (const { 0: word, index } of node.data.matchAll(/[A-Za-zÀ-ÿ]{2,16}/g)) {
            part.setStart(node, index);
            part.setEnd(node, index + word.length);
            const tops = new Set([...part.getClientRects()].map(({ top }) => Math.round(top)));
            if (tops.size > 1) found.push(`a broken word: “${word}”, ${short(own)}`);
        }
        const card = own.closest(cards);
        if (!card || moves(own)) continue;
        part.selectNodeContents(node);
        const text = part.getBoundingClientRect(), edge = card.getBoundingClientRect();
        if (text.width && (text.right > edge.right + 1 || text.left < edge.left - 1)) {
            found.push(`beside its card: “${node.data.trim().slice(0, 50)}”, ${short(card)}`);
        }
    }

    for (const control of all('input, select, textarea, .plain, .primary')) {
        const card = control.closest(cards);
        if (!card || moves(control.parentElement)) continue;
        const margin = parseFloat(getComputedStyle(card).paddingRight);
        const beyond = control.getBoundingClientRect().right
            - card.getBoundingClientRect().right + margin;
        if (beyond > 1.5) found.push(`in the margin by ${beyond} px: ${short(control)}`);
    }
    for (const way of all(waysOn)) {
        const box = way.getBoundingClientRect();
        const scroller = way.closest('.sheet-body, .spot-card, .lower');
        const end = Math.min(innerHeight, scroller.getBoundingClientRect().bottom);
        if (box.bottom > end + 1) found.push(`out of reach: ${short(way)}`);
    }
    for (const head of all('dialog h2')) {
        part.selectNodeContents(head);
        const above = part.getBoundingClientRect().top - front.getBoundingClientRect().top;
        if (above < 8) found.push(`at the edge of its sheet: ${short(head)}`);
    }
    for (const name of all('b, bdi, span')) { // dots may cut what people wrote, not swallow it
        const style = getComputedStyle(name);
        if (style.textOverflow === 'ellipsis' && style.overflowX !== 'visible'
            && name.scrollWidth > name.clientWidth + 1
            && name.clientWidth < 2.5 * parseFloat(style.fontSize)) {
            found.push(`nothing left of it: “${name.innerText.trim()}”, ${short(name)}`);
        }
    }
    for (const card of all('.spot-card')) { // it may be scrolled a little, not looked for
        if (card.clientHeight < .6 * card.scrollHeight) found.push(`squeezed: ${short(card)}`);
    }
    for (const control of all('.chip span, button, a.button, [role=tab]')) {
        const words = control.innerText.trim();
        part.selectNodeContents(control);
        const lines = new Set([...part.getClientRects()].filter(({ width }) => width > 2)
            .map(({ bottom }) => Math.round(bottom / 12)));
        const isOne = words.length > 1 && words.length < 7 && !/\\s/.test(words);
        if (isOne && lines.size > 1 && !control.querySelector('*')) {
            found.push(`a broken word: “${words}”, ${short(control)}`);
        }
    }
    const pen = document.createElement('canvas').getContext('2d');
    for (const field of all('input[placeholder]')) {
        const style = getComputedStyle(field);
        pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`; // the short is ""
        const sides = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
        if (pen.measureText(field.placeholder).width > field.clientWidth - sides + 2) {
            found.push(`a hint that is cut: “${field.placeholder}” in ${short(field)}`);
        }
    }
    for (const list of all('section > h2 + :is(.rooms, .feed)')) {
        const [head, first] = [list.previousElementSibling, list.firstElementChild];
        if (first && list.scrollLeft < 20 && Math.abs(left(first) - left(head)) > 1.5) {
            found.push(`not in line with its heading: ${short(list)}`);
        }
    }
    for (const tab of all('[role=tab][aria-selected=true]')) {
        const list = tab.closest('[role=tablist]').getBoundingClientRect();
        const box = tab.getBoundingClientRect();
        if (box.left < list.left - 1 || box.right > list.right + 1) {
            found.push(`chosen, and out of sight: ${short(tab)}`);
        }
    }
    for (const row of all('.actions, .me-actions, .me-order-more')) {
        const buttons = [...row.querySelectorAll(':scope > :is(button, a.button)')].filter(isSeen);
        const sizes = new Set(buttons.map((each) => getComputedStyle(each).fontSize));
        const letters = [...sizes].map(parseFloat);
        if (Math.max(...letters) > 1.1 * Math.min(...letters)) {
            found.push(`letters of ${[...sizes].join(' and ')}: ${short(row)}`);
        }
    }
    for (const empty of all('.empty')) { // an icon and a sentence that only says what is missing
        const words = empty.innerText.trim();
        if (words && empty.querySelectorAll('p, a, button').length < 2
            && !/[.,:;。，：；！]/.test(words)) {
            found.push(`empty, without a word of what to do: “${words}”`);
        }
    }
    return found;
}"""


async def untidy(page: Page) -> list[str]:
    """Broken numbers and words, texts beside their card, fields in its margin, lists out of line,
    buttons of a row in two sizes, names that dots swallow, a way on that is out of reach, a chosen
    tab out of sight, and what is empty without advice."""
    found: list[str] = await page.evaluate(UNTIDY, [CARDS, WAYS_ON])
    return found
