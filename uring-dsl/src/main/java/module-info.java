/**
 * Suspending connections, structured server lifetimes and scripts on Uring's workers.
 *
 * <p>The Kotlin compiler is needed by {@code dev.uring.script} alone, and only by a program that
 * compiles scripts: it is required at compile time, and a run without scripts does without it.
 */
module dev.uring.dsl {
  requires transitive dev.uring.core;
  requires transitive kotlin.stdlib;
  requires transitive kotlinx.coroutines.core;
  requires transitive kotlinx.io.bytestring;
  requires transitive kotlinx.io.core;
  requires org.slf4j;
  requires static kotlin.scripting.common;
  requires static kotlin.scripting.compiler.embeddable;
  requires static kotlin.scripting.compiler.impl.embeddable;
  requires static kotlin.scripting.jvm;

  exports dev.uring.dsl;
  exports dev.uring.script;
}
