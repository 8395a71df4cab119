package dev.uring.process;

import java.util.Objects;

/** What a standard stream of a child process is. */
public sealed interface Stdio {
  /** A pipe to this process. */
  Stdio PIPE = new Kind("pipe");

  /** The same stream of this process. */
  Stdio INHERIT = new Kind("inherit");

  /** Nothing: reads find the end, and what is written is gone. */
  Stdio NULL = new Kind("null");

  /** Of standard error: what standard output is, in the order in which both are written. */
  Stdio TO_STDOUT = new Kind("to stdout");

  /**
   * A file that standard input is read from.
   *
   * @param path which must exist
   * @return the stream
   */
  static Stdio readFrom(String path) {
    return new OfFile(path, OfFile.Mode.READ);
  }

  /**
   * A file that output replaces.
   *
   * @param path made if there is none
   * @return the stream
   */
  static Stdio writeTo(String path) {
    return new OfFile(path, OfFile.Mode.REPLACE);
  }

  /**
   * A file that output is added to.
   *
   * @param path made if there is none
   * @return the stream
   */
  static Stdio appendTo(String path) {
    return new OfFile(path, OfFile.Mode.APPEND);
  }

  /**
   * One without a parameter.
   *
   * @param name for messages
   */
  record Kind(String name) implements Stdio {}

  /**
   * A file.
   *
   * @param path which, relative to this process's working directory
   * @param mode what happens to it
   */
  record OfFile(String path, Mode mode) implements Stdio {
    /** What happens to the file. */
    public enum Mode {
      /** It is read. */
      READ,
      /** It is emptied and written. */
      REPLACE,
      /** It is written at its end. */
      APPEND
    }

    /** Checks the path. */
    public OfFile {
      Objects.requireNonNull(mode, "mode");
      if (path.isEmpty() || path.indexOf('\0') >= 0) {
        throw new IllegalArgumentException(
            "a stream's file needs a path without NUL characters, and was given '" + path + "'");
      }
    }
  }
}
