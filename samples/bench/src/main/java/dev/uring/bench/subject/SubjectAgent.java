package dev.uring.bench.subject;

/**
 * Gives a program that knows nothing of the harness the line protocol of {@link SubjectControl}: as
 * a Java agent, before its {@code main}.
 *
 * <p>So a script is measured exactly as {@code uring run} starts it. Its port is the harness's
 * choice and not announced.
 */
public final class SubjectAgent {
  private SubjectAgent() {}

  /**
   * Called by the JVM; this class is the {@code Premain-Class} of the bench's jar.
   *
   * @param settings the text after {@code =} in {@code -javaagent:jar=settings}, or null
   */
  public static void premain(String settings) {
    SubjectControl control = new SubjectControl(0, settings == null ? "" : settings);
    Thread.ofPlatform().daemon().name("subject-control").start(control::serve);
  }
}
