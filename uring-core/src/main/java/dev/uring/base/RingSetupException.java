package dev.uring.base;

/**
 * The kernel refused a call that sets up a ring or memory for it.
 *
 * <h2>Errors</h2>
 *
 * The message has two lines: what happened with its numbers, then the likely cause and the remedy.
 * The same facts are available as fields, so that a program can choose another driver without
 * reading text.
 */
public final class RingSetupException extends UringException {

  private static final long serialVersionUID = 1L;

  private final String operation;
  private final int errno;
  private final String parameters;
  private final String likelyCause;
  private final String remedy;

  /**
   * Makes the exception and its message.
   *
   * @param operation the call that failed, as the manual names it
   * @param errno positive error number, 0 when no system call failed
   * @param errnoName symbol of {@code errno}
   * @param parameters values passed, {@code name=value} separated by commas
   * @param likelyCause one sentence without its full stop
   * @param remedy what to check or do, without its full stop
   */
  public RingSetupException(
      String operation,
      int errno,
      String errnoName,
      String parameters,
      String likelyCause,
      String remedy) {
    super("%s failed: errno=%d (%s), %s.\n  Likely cause: %s. Check: %s."
        .formatted(operation, errno, errnoName, parameters, likelyCause, remedy));
    this.operation = operation;
    this.errno = errno;
    this.parameters = parameters;
    this.likelyCause = likelyCause;
    this.remedy = remedy;
  }

  /** Returns the call that failed, such as {@code io_uring_setup}. */
  public String operation() {
    return operation;
  }

  /** Returns the positive error number; 0 when no system call failed. */
  public int errno() {
    return errno;
  }

  /** Returns the values passed, {@code name=value} separated by commas. */
  public String parameters() {
    return parameters;
  }

  /** Returns why the kernel most likely refused. */
  public String likelyCause() {
    return likelyCause;
  }

  /** Returns what to check or do. */
  public String remedy() {
    return remedy;
  }
}
