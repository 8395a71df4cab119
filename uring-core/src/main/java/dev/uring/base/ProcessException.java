package dev.uring.base;

/** A child process could not be started, or one of its pipes failed. */
public final class ProcessException extends UringException {
  private static final long serialVersionUID = 1L;

  private final String program;

  /** The positive error number of the kernel; 0 when this side gave up. */
  private final int errno;

  /**
   * A failure around a child process.
   *
   * @param message what was asked of which program, why it failed, likely cause and remedy
   * @param program the program
   * @param errno the positive error number, or 0 when this side gave up
   */
  public ProcessException(String message, String program, int errno) {
    super(message);
    this.program = program;
    this.errno = errno;
  }

  /**
   * The program.
   *
   * @return its name or path, as it was given
   */
  public String program() {
    return program;
  }

  /**
   * The kernel's reason.
   *
   * @return the positive error number, for example 2 (ENOENT); 0 when this side gave up
   */
  public int errno() {
    return errno;
  }
}
