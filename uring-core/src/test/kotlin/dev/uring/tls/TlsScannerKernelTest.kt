package dev.uring.tls

import dev.uring.testing.RingOnly
import dev.uring.testing.TestCertificates
import dev.uring.testing.ringTest
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContain
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.io.path.readText

/**
 * What testssl.sh says of a server with every default: nothing above LOW.
 *
 * Here are the checks of protocols, cipher suites, forward secrecy, the server's order and renegotiation: 20 s for each
 * provider on an idle machine, most of it the scanner's own. The rest of its list takes a minute; against any of our servers:
 * `testssl -p -s -f -P -U 127.0.0.1:7443`. Its checks of the certificate (`-S`) are about the certificate that a
 * server is given, and so not about us.
 */
class TlsScannerKernelTest :
    FunSpec({
        for (provider in listOf(TlsProvider.JDK, TlsProvider.CONSCRYPT)) {
            scannerTest("testssl.sh finds nothing above LOW in a server with every default and $provider") {
                withTls { world ->
                    val defaults = TlsServerOptions.builder().credentials(TestCertificates.rsa.credentials)
                    val server = world.listen(defaults.provider(provider).build()) { echo }
                    val findings = scan(server.port(), provider)
                    // That it has looked.
                    findings.map { it.id } shouldContain "TLS1_3"
                    findings.map { it.id } shouldContain "secure_client_renego"
                    findings.filter { it.severity in ABOVE_LOW }.shouldBeEmpty()
                }
            }
        }
    })

private val ABOVE_LOW = setOf("MEDIUM", "HIGH", "CRITICAL", "FATAL")
private const val SCAN_SECONDS_MAX = 180L
private const val PROGRAM = "testssl"

private data class Finding(
    val id: String,
    val severity: String,
    val text: String,
)

private fun scan(
    port: Int,
    provider: TlsProvider,
): List<Finding> {
    val report: Path = TestCertificates.folder.resolve("testssl-$provider.json")
    val log = TestCertificates.folder.resolve("testssl-$provider.log")
    val quietly = listOf(PROGRAM, "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none")
    val process =
        ProcessBuilder(quietly + listOf("-p", "-s", "-f", "-P", "-R", "--jsonfile", "$report", "127.0.0.1:$port"))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start()
    process.outputStream.close()
    try {
        check(
            process.waitFor(SCAN_SECONDS_MAX, TimeUnit.SECONDS),
        ) { "not done in $SCAN_SECONDS_MAX s: ${log.readText()}" }
    } finally {
        process.descendants().forEach { it.destroyForcibly() }
        process.destroyForcibly()
    }
    return FINDING
        .findAll(report.readText())
        .map { Finding(it.groupValues[1], it.groupValues[2], it.groupValues[3]) }
        .toList()
}

// Its reports are flat: one object for each finding, its fields always in this order.
private val FINDING =
    Regex(
        """"id"\s*:\s*"([^"]*)".*?"severity"\s*:\s*"([^"]*)".*?"finding"\s*:\s*"([^"]*)"""",
        RegexOption.DOT_MATCHES_ALL,
    )

private fun FunSpec.scannerTest(
    name: String,
    body: suspend () -> Unit,
) {
    val isThere = System.getenv("PATH").split(':').any { Path.of(it, PROGRAM).toFile().canExecute() }
    if (isThere || System.getenv("CI") == "true") {
        ringTest(RingOnly.SCANNED, name) { body() }
    } else {
        val why = "no testssl here: Debian has it in the package testssl.sh"
        test(name).config(enabledOrReasonIf = { Enabled.disabled(why) }) {}
    }
}
