package dev.uring.fuzz

import dev.uring.testing.JavaChild
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.ints.shouldBeGreaterThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.file.Path
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.readBytes

// A build makes the same inputs each time: it is not for chance to fail it. A release deserves an hour of others:
// -During.fuzz.seconds=3600
private val seconds = System.getProperty("uring.fuzz.seconds")?.toInt()
private const val BUILD_SECONDS = 30
private const val BUILD_SEED = 2_463_534_242

/**
 * Two tests of a target, which is a class with a static `fuzzerTestOneInput(byte[])` that is [takes] and throws for a finding
 * only: over the inputs that are kept in `src/test/resources/fuzz`, at least [kept] of them, and under a
 * fuzzer, in a process of its own, for [runs] inputs that it makes of these.
 */
public fun FunSpec.fuzzes(
    target: Class<*>,
    takes: (ByteArray) -> Unit,
    kept: Int,
    runs: Int,
) {
    val corpus = Path.of("src", "test", "resources", "fuzz")
    val spec = this::class.simpleName

    test("every input that is kept is parsed or refused as its parser says") {
        val inputs = corpus.listDirectoryEntries().sorted()
        inputs.size shouldBeGreaterThanOrEqual kept
        for (input in inputs) {
            withClue(input.fileName) { takes(input.readBytes()) }
        }
    }

    test("no input that a fuzzer makes in a bounded time does anything else") {
        val chance = if (seconds == null) BUILD_SEED else System.nanoTime() and 0x7fff_ffff
        val seed = System.getProperty("uring.test.seed")?.toLong() ?: chance
        println("seed=$seed; again with: mvn test -Dtest=$spec -During.test.seed=$seed")
        val found = tempdir().toPath()
        val ended =
            JavaChild(
                Class.forName("com.code_intelligence.jazzer.Jazzer"),
                listOf("-XX:+EnableDynamicAgentLoading", "-Xmx512m", "-XX:+UseSerialGC"),
            ).run(
                "--target_class=${target.name}",
                "--instrumentation_includes=dev.uring.**",
                "--reproducer_path=$found",
                "-artifact_prefix=$found/",
                "-max_total_time=${seconds ?: BUILD_SECONDS}",
                "-runs=${if (seconds == null) runs else -1}",
                "-max_len=4096",
                // The heap has its limit. This one is of the peak that the kernel has of the process, and a process begins
                // with that of the one that started it: of this build, which may be larger.
                "-rss_limit_mb=0",
                "-seed=$seed",
                "$found",
                "${corpus.toAbsolutePath()}",
                seconds = (seconds ?: BUILD_SECONDS) + 120L,
            )
        withClue(ended.output) {
            ended.status shouldBe 0
            // That it ran, with the classes under test instrumented.
            ended.output shouldContain Regex("""Done \d+ runs""")
            ended.output shouldContain Regex("""cov: [1-9]\d+""")
        }
    }
}
