/**
 * Suspending connections, structured server lifetimes and scripts on Uring's workers.
 *
 * <p>Scripting is needed by {@code dev.uring.script} alone, and only in a program that runs
 * scripts: hence required statically. Its jars have no module names of their own, so these follow
 * the file names. Micrometer is needed by {@code UringMetrics} alone.
 */
module dev.uring.dsl {
  requires transitive dev.uring.core;
  requires transitive kotlin.stdlib;
  requires transitive kotlinx.coroutines.core;
  requires transitive kotlinx.io.bytestring;
  requires transitive kotlinx.io.core;
  requires org.dnsjava;
  requires org.slf4j;
  requires static kotlin.scripting.common;
  requires static kotlin.scripting.compiler.embeddable;
  requires static kotlin.scripting.compiler.impl.embeddable;
  requires static kotlin.scripting.jvm;
  requires static micrometer.core;

  exports dev.uring.dns;
  exports dev.uring.dsl;
  exports dev.uring.script;
}
