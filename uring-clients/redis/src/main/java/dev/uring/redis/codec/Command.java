package dev.uring.redis.codec;

import java.nio.charset.StandardCharsets;

/**
 * What is always the same about one command: its name as it goes on the wire, and what a client may
 * do with it. Made once and kept.
 *
 * <h2>Errors</h2>
 *
 * {@link IllegalArgumentException} for a name that is empty or not ASCII.
 */
public final class Command {
  /** Changes nothing at the server: a replica may answer it. */
  public static final int READONLY = 1;

  /** Sent twice it leaves the same as sent once: may be repeated when its reply was lost. */
  public static final int IDEMPOTENT = 1 << 1;

  /** May wait at the server, and make everything behind it wait: needs a connection of its own. */
  public static final int BLOCKING = 1 << 2;

  /** Changes the state of its connection, which others share: refused there. */
  public static final int CONNECTION = 1 << 3;

  /** In a cluster, for every node. */
  public static final int ALL_NODES = 1 << 4;

  /** In a cluster, for every primary. */
  public static final int ALL_PRIMARIES = 1 << 5;

  private final String name;
  private final int flags;
  private final int wordsCount;
  private final byte[] encoded;

  private Command(String name, int flags) {
    this.name = name;
    this.flags = flags;
    String[] words = name.split(" ");
    this.wordsCount = words.length;
    StringBuilder text = new StringBuilder("*0\r\n");
    for (String word : words) {
      check(name, word);
      text.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
    }
    this.encoded = text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * A command.
   *
   * @param name one or more words, such as {@code CLIENT SETINFO}; each is an argument
   * @param flags the constants of this class, joined by {@code |}
   * @return a new command
   */
  public static Command of(String name, int flags) {
    return new Command(name, flags);
  }

  /**
   * A command about which nothing is known.
   *
   * @param name one or more words
   * @return a new command
   */
  public static Command of(String name) {
    return new Command(name, 0);
  }

  /**
   * Its name.
   *
   * @return the words, separated by single blanks
   */
  public String name() {
    return name;
  }

  /**
   * What is known about it.
   *
   * @return the constants of this class, joined by {@code |}
   */
  public int flags() {
    return flags;
  }

  /**
   * Whether one of its flags is set.
   *
   * @param flag one of the constants of this class
   * @return whether it has that flag
   */
  public boolean is(int flag) {
    return (flags & flag) != 0;
  }

  int wordsCount() {
    return wordsCount;
  }

  /** Its words as bulk strings, behind the header of an array whose only digit is to be written. */
  byte[] encoded() {
    return encoded;
  }

  @Override
  public String toString() {
    return name;
  }

  private static void check(String name, String word) {
    boolean isPlain = !word.isEmpty() && word.chars().allMatch(c -> c > ' ' && c < 0x7F);
    if (!isPlain) {
      throw new IllegalArgumentException("command name '"
          + name
          + "' must be words of ASCII letters with one blank between two; values are arguments");
    }
  }
}
