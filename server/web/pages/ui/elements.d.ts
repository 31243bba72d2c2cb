// What h() of dom.js takes, and what it makes of it.

/** What stands in an element; null, undefined and false leave it out. */
export type Child = Node | string | null | undefined | false;
export type Children = Child | readonly (Child | readonly (Child | readonly Child[])[])[];

type Named<Name extends string> =
  Name extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Name] : HTMLElement;

/** The element that a tag with classes, like "button.primary", names. */
export type ElementOf<Tag extends string> =
  Tag extends `${infer Name}.${string}` ? Named<Name> : Named<Tag>;

type Listeners<Target> = {
  [Name in keyof HTMLElementEventMap as `on${Name}`]?:
    (event: HTMLElementEventMap[Name] & { currentTarget: Target }) => unknown;
};

/** Every attribute the pages use, so that a misspelt one is found. */
type AttributeName =
  | "accept" | "allow" | "alt" | "autocomplete" | "autofocus" | "autoplay" | "checked" | "dir" | "disabled"
  | "download" | "enterkeyhint" | "fetchpriority" | "for" | "height" | "hidden" | "href" | "id" | "inputmode" | "lang" | "list" | "loading" | "loop"
  | "max" | "maxlength" | "min" | "multiple" | "muted" | "name" | "pattern" | "placeholder" | "playsinline"
  | "popover" | "readonly" | "referrerpolicy" | "rel" | "required" | "role" | "rows" | "sandbox" | "scope"
  | "spellcheck" | "src" | "step" | "tabindex" | "target" | "title" | "type" | "value" | "width";

export type Props<Target = HTMLElement> = Listeners<Target> & {
  [Name in AttributeName]?: string | number | boolean | null;
} & {
  /** Always words: true is not "true" in an attribute, and false would leave it out. */
  [aria: `aria-${string}`]: string;
} & {
  class?: string | false;
  data?: Record<string, string>;
  /** CSS variables. */
  vars?: Record<`--${string}`, string | number>;
};

/** What a form sends: what was typed, by field. */
export type Typed = Record<string, string>;
