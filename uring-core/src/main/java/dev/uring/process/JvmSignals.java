package dev.uring.process;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/**
 * The virtual machine's own handling of signals, {@code sun.misc.Signal} of the module
 * {@code jdk.unsupported}.
 *
 * <p>By reflection, because the compiler has a warning for each mention of it that cannot be turned
 * off alone.
 *
 * <p><i>Rejected:</i> {@code sigaction(2)} with an upcall, for a handler may run on any thread in
 * the middle of anything, where no Java may run; and {@code signalfd(2)}, which needs the signal
 * blocked in every thread of the process.
 */
final class JvmSignals {
  private static final Class<?> SIGNAL;
  private static final Class<?> HANDLER;
  private static final Method HANDLE;

  static {
    try {
      SIGNAL = Class.forName("sun.misc.Signal");
      HANDLER = Class.forName("sun.misc.SignalHandler");
      HANDLE = SIGNAL.getMethod("handle", SIGNAL, HANDLER);
    } catch (ReflectiveOperationException missing) {
      throw new IllegalStateException(
          "this virtual machine has no sun.misc.Signal: signals cannot be observed.\n  Likely"
              + " cause: an image without the module jdk.unsupported. Add it (jlink --add-modules).",
          missing);
    }
  }

  private JvmSignals() {}

  /** A handler that runs {@code action}, on a thread of the virtual machine's. */
  static Object handler(Runnable action) {
    return Proxy.newProxyInstance(
        JvmSignals.class.getClassLoader(),
        new Class<?>[] {HANDLER},
        (self, method, arguments) -> switch (method.getName()) {
          case "handle" -> {
            action.run();
            yield null;
          }
          case "hashCode" -> System.identityHashCode(self);
          case "equals" -> self == arguments[0];
          default -> "handler of dev.uring";
        });
  }

  /**
   * Makes {@code handler} the one of a signal; returns the one before, which may be given here
   * again.
   *
   * @throws IllegalArgumentException the virtual machine refuses
   */
  static Object handle(String name, Object handler) {
    try {
      return HANDLE.invoke(null, SIGNAL.getConstructor(String.class).newInstance(name), handler);
    } catch (InvocationTargetException thrown) {
      throw thrown.getCause() instanceof RuntimeException refused
          ? refused
          : new IllegalStateException(thrown.getCause());
    } catch (ReflectiveOperationException changed) {
      throw new IllegalStateException("sun.misc.Signal is not what it was", changed);
    }
  }
}
