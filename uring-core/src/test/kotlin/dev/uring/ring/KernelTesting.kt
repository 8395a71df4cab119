package dev.uring.ring

import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.TestScope

/** What this machine's kernel can do; asked once per test run. */
internal val kernel: Probe by lazy { Probe.run() }

private val onCi = System.getenv("CI") == "true"

/**
 * A test that needs a ring.
 *
 * Where there is none it is skipped and says why; with CI=true it fails instead, so that a build machine cannot lose its
 * kernel tests without a word.
 */
internal fun FunSpec.kernelTest(
    name: String,
    body: suspend TestScope.() -> Unit,
) = test(name).config(enabledOrReasonIf = { enabledByKernel() }) {
    check(kernel.available()) { "CI=true, but io_uring is blocked: ${kernel.blocker().get().cause()}" }
    body()
}

/** As [kernelTest], for an ability that not every supported kernel has. */
internal fun FunSpec.kernelTest(
    name: String,
    needs: Capability,
    body: suspend TestScope.() -> Unit,
) = test(name).config(enabledOrReasonIf = { enabledByKernel(needs) }) { body() }

private fun enabledByKernel(): Enabled =
    if (kernel.available() || onCi) {
        Enabled.enabled
    } else {
        skipped("io_uring is blocked: ${kernel.blocker().get().cause()}")
    }

private fun enabledByKernel(needs: Capability): Enabled =
    when {
        !kernel.available() -> enabledByKernel()
        kernel.has(needs) -> Enabled.enabled
        else -> skipped("no ${needs.label()} (since ${needs.sinceKernel()}): ${kernel.whyMissing(needs)}")
    }

private val reasonsPrinted = mutableSetOf<String>()

// Test reports drop the reason of a skipped test: print it, once.
private fun skipped(reason: String): Enabled {
    if (reasonsPrinted.add(reason)) println("kernel tests skipped: $reason")
    return Enabled.disabled(reason)
}
