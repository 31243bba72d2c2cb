/** What goes wrong in a page: an error of its own, of the room's protocol, or of REST. */
export interface Failure extends Error {
  /** Of the protocol and of REST: see docs/protocol.md; absent for an error of the page itself. */
  code?: string;
  /** Of REST: the HTTP status. */
  status?: number;
  /** Of the protocol: how long to wait. */
  retryMs?: number | null;
  /** The command or change was sent and not answered: its outcome is unknown. */
  unanswered?: boolean;
}
