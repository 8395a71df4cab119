package dev.uring.dsl

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.base.UringException
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.TestScope
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.seconds

/** Why a test runs on io_uring and on no other driver: all the reasons there are. */
internal enum class RingOnly(
    val why: String,
) {
    NVME("commands to a device are ring operations"),
    FILES_ALLOCATE("beside a ring a thread of a pool does each file operation, and an object carries it there"),
    KERNEL_FACTS("the JDK does not tell: TCP info, a Unix peer's credentials, times of arrival, ECN"),
    ABSTRACT_NAMES("the JDK has no Unix names without a file"),
}

/**
 * A behaviour that holds on every driver: one test for each of them, bounded in time.
 *
 * Where io_uring cannot be had its test is skipped with the kernel's own reason; with CI=true it fails instead, so that a
 * build machine cannot lose its kernel tests without a word. The runtimes that [body] starts leave the driver open, so that
 * the property decides; tests run one after the other, which this relies on. When one has ended nothing of its runtimes is
 * left: no ring, no worker's thread.
 */
internal fun FunSpec.driverTest(
    name: String,
    needs: () -> Enabled = { Enabled.enabled },
    body: suspend TestScope.() -> Unit,
) {
    test("$name, on uring").config(enabledOrReasonIf = { needs().and(kernel) }, timeout = TIME_MAX) {
        onDriver("uring") { body() }
    }
    test("$name, on nio").config(enabledOrReasonIf = { needs() }, timeout = TIME_MAX) { onDriver("nio") { body() } }
}

/** A test of what only io_uring has, for the reason named. */
internal fun FunSpec.ringTest(
    reason: RingOnly,
    name: String,
    body: suspend TestScope.() -> Unit,
) = test("$name [${reason.name.lowercase()}]").config(enabledOrReasonIf = { kernel }, timeout = TIME_MAX) {
    onDriver("uring") { body() }
}

/**
 * What a socket that is found ready may cost on the driver of the test that runs, in bytes: the JDK's selector looks its
 * descriptor up by an Integer, which is an object for those above 127, and whether they are depends on the class path.
 */
internal val selectorBytes: Double get() = if (System.getProperty(DRIVER_PROPERTY) == "nio") 16.0 else 0.0

/** What children and their tests are told by. */
internal const val DRIVER_PROPERTY = "uring.driver"

private suspend fun onDriver(
    driver: String,
    body: suspend () -> Unit,
) {
    val before = System.getProperty(DRIVER_PROPERTY)
    System.setProperty(DRIVER_PROPERTY, driver)
    try {
        body()
        awaitNothingLeft()
    } finally {
        if (before == null) System.clearProperty(DRIVER_PROPERTY) else System.setProperty(DRIVER_PROPERTY, before)
    }
}

/** Fails unless the rings and threads of every runtime that the test started are gone. */
private fun awaitNothingLeft() {
    val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)
    while (true) {
        val left = threadsLeft() + ringsLeft()
        if (left.isEmpty()) return
        check(System.nanoTime() < deadline) { "left behind by the test: $left" }
        Thread.sleep(1)
    }
}

private fun threadsLeft(): List<String> =
    Thread
        .getAllStackTraces()
        .keys
        .map { it.name }
        .filter { name -> THREADS_OF_A_RUNTIME.any(name::startsWith) }

private fun ringsLeft(): List<String> =
    Files
        .list(Path.of("/proc/self/fd"))
        .use { entries -> entries.toList() }
        .mapNotNull { entry -> runCatching { Files.readSymbolicLink(entry).toString() }.getOrNull() }
        .filter { it == "anon_inode:[io_uring]" }

private val THREADS_OF_A_RUNTIME = listOf("uring-worker-", "uring-nio-descriptors-")
private const val PATIENCE_SECONDS = 20L

private fun Enabled.and(other: Enabled): Enabled = if (isEnabled) other else this

private val TIME_MAX = 60.seconds

private val kernel: Enabled by lazy {
    try {
        UringRuntime
            .start(
                RuntimeConfig
                    .builder()
                    .forTests()
                    .workersCount(1)
                    .build(),
            ).close()
        Enabled.enabled
    } catch (refusal: UringException) {
        if (System.getenv("CI") == "true") throw refusal
        Enabled.disabled("no io_uring: ${refusal.message}")
    }
}
