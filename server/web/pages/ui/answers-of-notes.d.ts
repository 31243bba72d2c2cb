// What the routes of notes and pictures answer.

import type { DeskReport, Phase } from "../liveroom.js";

/** `POST /v1/pictures`. */
export interface Picture {
  picture: string;
  w: number;
  h: number;
  /** The small one is at `<link>/small`. */
  link: string;
}

/** Goods that a note names, as they are now. */
export interface NoteGoods {
  host: string;
  sku: string;
  title: string;
  price?: number | null;
  currency?: string;
  image?: string | null;
  /** Where they are sold, or were shown last. */
  room?: string | null;
  phase?: Phase;
}

/** A room that a note leads to. */
export interface NoteRoom {
  room: string;
  title: string;
  phase: Phase;
  host?: string;
  host_name?: string;
  starts_at?: number;
  cover?: string;
  reserved?: number;
  online?: number;
  /** False: the note does not name it; its author is live there, or will be next. */
  linked?: boolean;
}

export type NoteStatus = "draft" | "public" | "held" | "removed";

/** `GET /v1/notes/{note}`. Times in ms. */
export interface Note {
  note: string;
  author: string;
  author_name: string;
  status?: NoteStatus;
  title: string;
  text: string;
  tags: string[];
  pictures: Picture[];
  goods: NoteGoods[];
  rooms: NoteRoom[];
  likes: number;
  collects: number;
  comments: number;
  liked?: boolean;
  collected?: boolean;
  published: number;
  changed?: number;
  /** For its author: how many asked for the link of its goods. */
  asks?: number;
  /** For its author: why the operator removed it. */
  reason?: string;
  link: string;
}

/** `GET /v1/notes`. */
export interface NotesPage { notes: Note[]; next: string | null }

/** A comment of a note. */
export interface NoteComment {
  comment: string;
  user: string;
  name: string;
  text: string;
  at: number;
  /** `held`, until somebody has read it, and `removed`: its writer alone sees it. */
  status?: "public" | "held" | "removed";
  removed_by?: "author" | "operator";
  /** Why the operator took it away. */
  reason?: string;
  /** The cards that answer its writer, who asked for the link. */
  cards?: NoteGoods[];
}

/** `GET /v1/notes/{note}/comments`. */
export interface NoteCommentsPage { comments: NoteComment[]; next: string | null }

/** One of `GET /v1/me/note-comments`: what one said, and what became of it. */
export interface OwnComment {
  comment: string; note: string; title: string; text: string; at: number;
  status: "public" | "held" | "removed"; removed_by?: "author" | "operator"; reason?: string;
}

export interface OwnCommentsPage { comments: OwnComment[]; next: string | null }

/** One of `GET /v1/me/note-held`: it waits for the note's author, or the operator. */
export interface HeldNoteComment {
  comment: string; note: string; title: string; user: string; name: string; text: string; at: number;
}

export interface HeldNoteCommentsPage { comments: HeldNoteComment[]; next: string | null }

/** `GET /v1/me/note-reports`. */
export interface AuthorReports { reports: DeskReport[]; next: string | null }
