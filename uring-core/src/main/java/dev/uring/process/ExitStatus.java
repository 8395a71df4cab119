package dev.uring.process;

import java.util.Optional;

/**
 * How a process ended: by itself, with a code, or by a signal.
 *
 * @param code its exit code, 0 to 255; of one that a signal ended, 128 + the signal's number, which
 *     is how shells count
 * @param signalNumber the signal that ended it; 0 when it ended by itself
 */
public record ExitStatus(int code, int signalNumber) {
  private static final int SHELL_OFFSET = 128;

  static ExitStatus ofCode(int code) {
    return new ExitStatus(code, 0);
  }

  static ExitStatus ofSignal(int number) {
    return new ExitStatus(SHELL_OFFSET + number, number);
  }

  /**
   * Whether it ended by itself and said that all was well.
   *
   * @return {@code code() == 0}
   */
  public boolean isSuccess() {
    return code == 0;
  }

  /**
   * The signal that ended it.
   *
   * @return empty when it ended by itself, or by a real-time signal
   */
  public Optional<Signal> signal() {
    return Signal.ofNumber(signalNumber);
  }

  @Override
  public String toString() {
    return signalNumber == 0
        ? "exit code " + code
        : "signal " + signal().map(Signal::name).orElse(Integer.toString(signalNumber));
  }
}
