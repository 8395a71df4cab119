package dev.uring.redis

import dev.uring.tls.TlsClientOptions
import dev.uring.tls.TlsCredentials
import dev.uring.tls.TlsTrust
import java.nio.file.Files
import java.nio.file.Path

/** An authority of the tests' own, made by OpenSSL once for the process, and what it signs. */
internal object RedisCertificates {
    private val folder: Path =
        Files.createTempDirectory("uring-redis-tls").also { made ->
            Runtime.getRuntime().addShutdownHook(Thread { made.toFile().deleteRecursively() })
        }

    init {
        make("ca", "/CN=uring test authority")
        val signed = arrayOf("-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:FALSE")
        make("server", "/CN=server", *signed, "-addext", "subjectAltName=DNS:redis.test,IP:127.0.0.1")
        make("client", "/CN=client", *signed, "-addext", "subjectAltName=DNS:client.test")
    }

    val trusting: TlsClientOptions = TlsClientOptions.builder().trust(TlsTrust.pem(path("ca.pem"))).build()

    val withCertificate: TlsClientOptions =
        trusting.toBuilder().credentials(TlsCredentials.pem(path("client.pem"), path("client.key"))).build()

    /** What makes a redis-server speak TLS on [port], and ask clients for a certificate if [asksClients]. */
    fun serverOptions(
        port: Int,
        asksClients: Boolean = false,
    ): Array<String> =
        arrayOf(
            "--tls-port",
            "$port",
            "--tls-cert-file",
            "${path("server.pem")}",
            "--tls-key-file",
            "${path("server.key")}",
            "--tls-ca-cert-file",
            "${path("ca.pem")}",
            "--tls-auth-clients",
            if (asksClients) "yes" else "no",
        )

    private fun path(name: String): Path = folder.resolve(name)

    private fun make(
        name: String,
        subject: String,
        vararg options: String,
    ) {
        val command =
            listOf("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes") +
                listOf("-keyout", "$name.key", "-out", "$name.pem", "-subj", subject, "-days", "2") + options
        val process = ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start()
        val output = process.inputStream.readAllBytes().decodeToString()
        check(process.waitFor() == 0) { "$command: $output" }
    }
}
