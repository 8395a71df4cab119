package dev.uring.testing

import dev.uring.tls.TlsCredentials
import dev.uring.tls.TlsTrust
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.TestScope
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.io.path.deleteRecursively
import kotlin.io.path.writeText

/** A certificate that the test's authority signed, and its key, as PEM files. */
internal class Signed(
    val chain: Path,
    val key: Path,
) {
    val credentials: TlsCredentials by lazy { TlsCredentials.pem(chain, key) }
}

/** An authority of the tests' own, made by OpenSSL once for the process, and what it signs. */
internal object TestCertificates {
    val folder: Path by lazy {
        Files.createTempDirectory("uring-tls-test").also { made ->
            Runtime.getRuntime().addShutdownHook(
                Thread {
                    @OptIn(kotlin.io.path.ExperimentalPathApi::class)
                    made.deleteRecursively()
                },
            )
            prepare(made)
        }
    }

    val authority: Path by lazy { folder.resolve("ca.pem") }
    val trust: TlsTrust by lazy { TlsTrust.pem(authority) }

    /** For localhost and 127.0.0.1. */
    val ec: Signed by lazy { sign("ec", EC, "DNS:localhost,IP:127.0.0.1") }
    val rsa: Signed by lazy { sign("rsa", RSA, "DNS:localhost,IP:127.0.0.1") }
    val ed25519: Signed by lazy { sign("ed25519", ED25519, "DNS:localhost,IP:127.0.0.1") }
    val wildcard: Signed by lazy { sign("wildcard", EC, "DNS:*.example.test,DNS:example.test") }
    val otherHost: Signed by lazy { sign("other", EC, "DNS:other.test") }
    val expired: Signed by lazy {
        sign("expired", EC, "DNS:localhost,IP:127.0.0.1", from = "20200101000000Z", until = "20200201000000Z")
    }
    val client: Signed by lazy { sign("client", EC, "DNS:client.test") }

    fun openssl(vararg arguments: String): String {
        val process =
            ProcessBuilder(listOf("openssl") + arguments).directory(folder.toFile()).redirectErrorStream(true).start()
        process.outputStream.close()
        val output = process.inputStream.readAllBytes().decodeToString()
        check(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0) {
            "openssl ${arguments.joinToString(" ")}: $output"
        }
        return output
    }

    private fun prepare(made: Path) {
        made.resolve("index.txt").writeText("")
        made.resolve("ca.cnf").writeText(
            """
            |[ca]
            |default_ca = this
            |[this]
            |database = index.txt
            |new_certs_dir = .
            |default_md = sha256
            |policy = any
            |copy_extensions = copy
            |unique_subject = no
            |rand_serial = yes
            |[any]
            |commonName = supplied
            |
            """.trimMargin(),
        )
        val process =
            ProcessBuilder(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-keyout",
                "ca.key",
                "-out",
                "ca.pem",
                "-subj",
                "/CN=uring test authority",
                "-days",
                "2",
            ).directory(made.toFile()).redirectErrorStream(true).start()
        val output = process.inputStream.readAllBytes().decodeToString()
        check(process.waitFor() == 0) { output }
    }

    @Synchronized
    private fun sign(
        name: String,
        newKey: List<String>,
        names: String,
        from: String = "20200101000000Z",
        until: String = "21000101000000Z",
    ): Signed {
        val request = listOf("req", "-newkey") + newKey + listOf("-nodes", "-keyout", "$name.key")
        openssl(
            *(
                request +
                    listOf(
                        "-out",
                        "$name.csr",
                        "-subj",
                        "/CN=$name",
                        "-addext",
                        "subjectAltName=$names",
                    )
            ).toTypedArray(),
        )
        openssl(
            "ca",
            "-batch",
            "-config",
            "ca.cnf",
            "-cert",
            "ca.pem",
            "-keyfile",
            "ca.key",
            "-notext",
            "-in",
            "$name.csr",
            "-out",
            "$name.pem",
            "-startdate",
            from,
            "-enddate",
            until,
        )
        return Signed(folder.resolve("$name.pem"), folder.resolve("$name.key"))
    }

    private val EC = listOf("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    private val RSA = listOf("rsa:2048")
    private val ED25519 = listOf("ed25519")
}

private val hasOpenssl by lazy {
    runCatching { ProcessBuilder("openssl", "version").start().waitFor() == 0 }.getOrDefault(false)
}

/** A [driverTest] whose certificates OpenSSL makes. */
internal fun FunSpec.tlsTest(
    name: String,
    body: suspend TestScope.() -> Unit,
) = if (hasOpenssl || System.getenv("CI") == "true") {
    driverTest(name, body)
} else {
    test(name).config(enabledOrReasonIf = { Enabled.disabled("openssl is not installed") }) {}
}
