package dev.uring.blocked

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import org.junit.platform.engine.TestExecutionResult
import org.junit.platform.engine.discovery.DiscoverySelectors.selectClass
import org.junit.platform.launcher.TestExecutionListener
import org.junit.platform.launcher.TestIdentifier
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder
import org.junit.platform.launcher.core.LauncherFactory
import kotlin.system.exitProcess

/**
 * Runs specs under a blockade, on the driver that is chosen then: a line for each test that failed, and at last
 * `driver=nio passed=63 failed=0 skipped=0`. Arguments: the blockade, and the specs by class name.
 */
internal object BlockedSuite {
    @JvmStatic
    fun main(arguments: Array<String>) {
        Blockade.valueOf(arguments.first()).install()
        System.setProperty("uring.test.driver", "auto")
        val outcome = Outcome()
        val specs = arguments.drop(1).map { selectClass(it) }
        LauncherFactory.create().execute(LauncherDiscoveryRequestBuilder.request().selectors(specs).build(), outcome)
        println("driver=${chosen()} passed=${outcome.passed} failed=${outcome.failed} skipped=${outcome.skipped}")
        exitProcess(0) // The engine's threads may live on.
    }

    private fun chosen(): String =
        UringRuntime
            .start(
                RuntimeConfig
                    .builder()
                    .workersCount(1)
                    .pinWorkers(false)
                    .build(),
            ).use { it.driverName() }

    private class Outcome : TestExecutionListener {
        var passed = 0
        var failed = 0
        var skipped = 0

        override fun executionFinished(
            test: TestIdentifier,
            result: TestExecutionResult,
        ) {
            if (result.status != TestExecutionResult.Status.SUCCESSFUL) {
                failed++
                println("FAILED ${test.displayName}: ${result.throwable.orElse(null)?.stackTraceToString()}")
            } else if (test.isTest) {
                passed++
            }
        }

        override fun executionSkipped(
            test: TestIdentifier,
            reason: String,
        ) {
            skipped++
            println("SKIPPED ${test.displayName}: $reason")
        }
    }
}
