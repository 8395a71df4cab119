package dev.uring.dns

import dev.uring.tls.TlsTrust
import java.nio.file.Files
import java.nio.file.Path
import java.security.KeyStore
import java.security.cert.X509Certificate
import java.util.Base64
import java.util.concurrent.TimeUnit
import javax.net.ssl.KeyManagerFactory
import javax.net.ssl.SSLContext

/** A key of the tests' own and a certificate for [name], for servers that are not ours. */
internal class OwnKey(
    private val name: String,
) {
    private val password = "changeit"
    private val store: KeyStore = KeyStore.getInstance("PKCS12")

    init {
        val file = Files.createTempDirectory("uring-own-key").resolve("own.p12")
        val keytool = Path.of(System.getProperty("java.home"), "bin", "keytool")
        val making =
            ProcessBuilder(
                listOf("$keytool", "-genkeypair", "-alias", "own", "-keyalg", "EC", "-groupname", "secp256r1") +
                    listOf("-dname", "CN=$name", "-ext", "san=dns:$name", "-storetype", "PKCS12") +
                    listOf("-keystore", "$file", "-storepass", password),
            ).redirectErrorStream(true).start()
        making.outputStream.close()
        val output = making.inputStream.readAllBytes().decodeToString()
        check(making.waitFor(1, TimeUnit.MINUTES) && making.exitValue() == 0) { "keytool: $output" }
        Files.newInputStream(file).use { store.load(it, password.toCharArray()) }
        file.parent.toFile().deleteRecursively()
    }

    private val certificate = store.getCertificate("own") as X509Certificate

    val trust: TlsTrust = TlsTrust.certificates(certificate)
    val certificatePem: String = pem("CERTIFICATE", certificate.encoded)
    val keyPem: String get() = pem("PRIVATE KEY", store.getKey("own", password.toCharArray()).encoded)

    /** For a server of the JDK's. */
    fun context(): SSLContext {
        val keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm())
        keys.init(store, password.toCharArray())
        return SSLContext.getInstance("TLS").apply { init(keys.keyManagers, null, null) }
    }

    private companion object {
        const val LINE_CHARACTERS = 64

        fun pem(
            type: String,
            bytes: ByteArray,
        ): String {
            val text = Base64.getMimeEncoder(LINE_CHARACTERS, byteArrayOf('\n'.code.toByte())).encodeToString(bytes)
            return "-----BEGIN $type-----\n$text\n-----END $type-----\n"
        }
    }
}
