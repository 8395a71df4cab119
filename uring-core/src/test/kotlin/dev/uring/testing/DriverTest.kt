package dev.uring.testing

import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.TestScope

/** The drivers that behave alike, by the names that users choose them by. */
private val drivers = listOf("uring", "nio")

/** Whether tests of drivers run once, on the driver that the machine's state makes `auto` choose. */
internal val isDriverLeftOpen: Boolean get() = System.getProperty("uring.test.driver") == "auto"

/**
 * A behaviour that holds on every driver: one test for each of them.
 *
 * The runtimes that [body] starts leave the driver open, so that the property decides. Tests of this module run one after
 * the other, which this relies on as the accounts of descriptors and threads do.
 */
internal fun FunSpec.driverTest(
    name: String,
    body: suspend TestScope.() -> Unit,
) {
    if (isDriverLeftOpen) {
        test("$name, on the driver of choice", body)
        return
    }
    kernelTest("$name, on uring", body)
    test("$name, on nio") { onDriver("nio") { body() } }
}

/** Runs [body] while `uring.driver` says [driver]. */
internal suspend fun <T> onDriver(
    driver: String,
    body: suspend () -> T,
): T {
    require(driver in drivers) { driver }
    val before = System.getProperty(PROPERTY)
    System.setProperty(PROPERTY, driver)
    try {
        return body()
    } finally {
        if (before == null) System.clearProperty(PROPERTY) else System.setProperty(PROPERTY, before)
    }
}

/** The driver of the test that runs. */
internal val isOnNio: Boolean get() = System.getProperty(PROPERTY) == "nio"

/**
 * What a socket that is found ready may cost on the driver of the test that runs, in bytes: the JDK's selector looks its
 * descriptor up by an Integer, which is an object for those above 127, and whether they are depends on the class path.
 */
internal val selectorBytes: Double get() = if (isOnNio) 16.0 else 0.0

private const val PROPERTY = "uring.driver"
