package dev.uring.worker;

/**
 * Something that wants to be called once at the end of the present turn, such as a connection with
 * output to send. It is itself the node of the worker's list, so asking allocates nothing.
 *
 * <p><i>Thread:</i> the worker's.
 */
public abstract class EndOfTurn {
  EndOfTurn nextAtEndOfTurn;
  boolean isListed;

  /** For subclasses. */
  protected EndOfTurn() {}

  /** Called once for each listing, after the turn's tasks. May ask the kernel for things. */
  protected abstract void endOfTurn();
}
