package dev.uring.process;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A program to be run: its arguments, surroundings and standard streams. Immutable; each method
 * returns a changed copy.
 *
 * <pre>{@code
 * Command.of("sort", "-r").directory("/var/data").environment("LC_ALL", "C").stdin(Stdio.PIPE)
 * }</pre>
 *
 * <p>Unless changed, standard input is {@link Stdio#NULL}, since few programs are meant to read
 * what this process's user types, standard output is {@link Stdio#PIPE}, and standard error is
 * {@link Stdio#INHERIT}, where a failure is seen.
 */
public final class Command {
  private final List<String> arguments;
  private final String directory;
  private final Map<String, String> added;
  private final boolean inheritsEnvironment;
  private final Stdio stdin;
  private final Stdio stdout;
  private final Stdio stderr;

  private Command(
      List<String> arguments,
      String directory,
      Map<String, String> added,
      boolean inheritsEnvironment,
      Stdio stdin,
      Stdio stdout,
      Stdio stderr) {
    this.arguments = arguments;
    this.directory = directory;
    this.added = added;
    this.inheritsEnvironment = inheritsEnvironment;
    this.stdin = stdin;
    this.stdout = stdout;
    this.stderr = stderr;
  }

  /**
   * A command.
   *
   * @param program searched for in this process's PATH, unless it has a slash
   * @param arguments passed as they are, without a shell in between
   * @return the command
   */
  public static Command of(String program, String... arguments) {
    List<String> all = new ArrayList<>();
    all.add(program);
    all.addAll(List.of(arguments));
    return of(all);
  }

  /**
   * A command.
   *
   * @param programAndArguments the program first; at least that
   * @return the command
   */
  public static Command of(List<String> programAndArguments) {
    if (programAndArguments.isEmpty() || programAndArguments.getFirst().isEmpty()) {
      throw new IllegalArgumentException(
          "a command needs a program, and was given " + programAndArguments);
    }
    programAndArguments.forEach(argument -> checkText("argument", argument));
    return new Command(
        List.copyOf(programAndArguments),
        null,
        Map.of(),
        true,
        Stdio.NULL,
        Stdio.PIPE,
        Stdio.INHERIT);
  }

  /**
   * With a working directory. A program given by a relative path is looked for from there.
   *
   * @param path the directory
   * @return a changed copy
   */
  public Command directory(String path) {
    checkText("directory", path);
    return new Command(arguments, path, added, inheritsEnvironment, stdin, stdout, stderr);
  }

  /**
   * With a variable of the environment, in addition to this process's.
   *
   * @param name its name
   * @param value its value
   * @return a changed copy
   */
  public Command environment(String name, String value) {
    checkText("environment variable", name);
    checkText("value of " + name, value);
    if (name.isEmpty() || name.indexOf('=') >= 0) {
      throw new IllegalArgumentException("environment variable '" + name + "' is not a name");
    }
    Map<String, String> all = new TreeMap<>(added);
    all.put(name, value);
    return new Command(arguments, directory, all, inheritsEnvironment, stdin, stdout, stderr);
  }

  /**
   * With no variables but those that {@link #environment} adds.
   *
   * @return a changed copy
   */
  public Command withoutEnvironment() {
    return new Command(arguments, directory, added, false, stdin, stdout, stderr);
  }

  /**
   * With a standard input.
   *
   * @param stream to read from
   * @return a changed copy
   */
  public Command stdin(Stdio stream) {
    checkStream("stdin", stream, stream instanceof Stdio.OfFile file && isWritten(file));
    return new Command(arguments, directory, added, inheritsEnvironment, stream, stdout, stderr);
  }

  /**
   * With a standard output.
   *
   * @param stream to write to
   * @return a changed copy
   */
  public Command stdout(Stdio stream) {
    checkStream("stdout", stream, stream instanceof Stdio.OfFile file && !isWritten(file));
    return new Command(arguments, directory, added, inheritsEnvironment, stdin, stream, stderr);
  }

  /**
   * With a standard error.
   *
   * @param stream to write to
   * @return a changed copy
   */
  public Command stderr(Stdio stream) {
    boolean isRead = stream instanceof Stdio.OfFile file && !isWritten(file);
    checkStream("stderr", stream, isRead);
    return new Command(arguments, directory, added, inheritsEnvironment, stdin, stdout, stream);
  }

  /**
   * The program.
   *
   * @return as it was given
   */
  public String program() {
    return arguments.getFirst();
  }

  /**
   * The program and its arguments.
   *
   * @return an immutable list
   */
  public List<String> arguments() {
    return arguments;
  }

  @Override
  public String toString() {
    return "Command(" + String.join(" ", arguments) + ")";
  }

  String workingDirectory() {
    return directory;
  }

  Stdio stdin() {
    return stdin;
  }

  Stdio stdout() {
    return stdout;
  }

  Stdio stderr() {
    return stderr;
  }

  /** Each {@code NAME=value}. */
  List<String> environment() {
    Map<String, String> all = new TreeMap<>();
    if (inheritsEnvironment) {
      all.putAll(System.getenv());
    }
    all.putAll(added);
    return all.entrySet().stream()
        .map(entry -> entry.getKey() + "=" + entry.getValue())
        .toList();
  }

  private static boolean isWritten(Stdio.OfFile file) {
    return file.mode() != Stdio.OfFile.Mode.READ;
  }

  private static void checkStream(String name, Stdio stream, boolean isWrongWay) {
    if (isWrongWay || stream == Stdio.TO_STDOUT && !name.equals("stderr")) {
      throw new IllegalArgumentException(name + " cannot be " + stream
          + ": input is read from a file, output written or appended to one, and only stderr goes"
          + " where stdout goes");
    }
  }

  private static void checkText(String what, String text) {
    if (text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          what + " has a NUL character at index " + text.indexOf('\0') + " of " + text.length());
    }
  }
}
