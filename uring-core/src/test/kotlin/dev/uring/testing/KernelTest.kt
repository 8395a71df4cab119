package dev.uring.testing

import dev.uring.ring.Probe
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.TestScope

private val kernel: Probe by lazy { Probe.run() }

private val onCi = System.getenv("CI") == "true"

/**
 * A test that needs io_uring.
 *
 * Where it is blocked the test is skipped and says why; with CI=true it fails instead, so that a build machine cannot
 * lose its kernel tests without a word.
 */
internal fun FunSpec.kernelTest(
    name: String,
    body: suspend TestScope.() -> Unit,
) = test(name).config(enabledOrReasonIf = { enabledByKernel() }) {
    check(kernel.available()) { "CI=true, but io_uring is blocked: ${kernel.blocker().get().cause()}" }
    onDriver("uring") { body() }
}

private fun enabledByKernel(): Enabled =
    if (kernel.available() || onCi) {
        Enabled.enabled
    } else {
        Enabled.disabled("io_uring is blocked: ${kernel.blocker().get().cause()}")
    }
