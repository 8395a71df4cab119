package dev.uring.bench.tls

import java.nio.file.Files
import java.nio.file.Path
import java.security.KeyStore
import java.util.Base64
import java.util.concurrent.TimeUnit

/** The key and certificate that every subject has: EC P-256, made by the JDK's keytool. */
class TlsStore private constructor(
    val file: Path,
) {
    /** No secret: the key is of use to nobody. */
    val password: String = PASSWORD

    /** The same as two PEM files, for programs that read no PKCS#12. */
    class Pem(
        val certificate: Path,
        val key: Path,
    )

    /** Writes them into [folder]. */
    fun writePem(folder: Path): Pem {
        val store = KeyStore.getInstance(file.toFile(), password.toCharArray())
        val alias = store.aliases().nextElement()
        return Pem(
            folder.resolve("certificate.pem").also { write(it, "CERTIFICATE", store.getCertificate(alias).encoded) },
            folder.resolve("key.pem").also {
                write(it, "PRIVATE KEY", store.getKey(alias, password.toCharArray()).encoded)
            },
        )
    }

    private fun write(
        pem: Path,
        label: String,
        bytes: ByteArray,
    ) {
        val text = Base64.getMimeEncoder().encodeToString(bytes)
        Files.writeString(pem, "-----BEGIN $label-----\n$text\n-----END $label-----\n").toFile().deleteOnExit()
    }

    companion object {
        private const val PASSWORD = "benchmark"

        /** Makes one in [folder]. */
        fun make(folder: Path): TlsStore {
            val file = folder.resolve("tls-${ProcessHandle.current().pid()}.p12")
            Files.deleteIfExists(file)
            val keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString()
            val process =
                ProcessBuilder(
                    listOf(keytool, "-genkeypair", "-alias", "bench", "-keyalg", "EC", "-groupname", "secp256r1") +
                        listOf("-dname", "CN=localhost", "-storetype", "PKCS12", "-keystore", file.toString()) +
                        listOf("-storepass", PASSWORD),
                ).redirectErrorStream(true).start()
            process.outputStream.close()
            val output = process.inputStream.readAllBytes().decodeToString()
            check(process.waitFor(1, TimeUnit.MINUTES) && process.exitValue() == 0) { "keytool: $output" }
            file.toFile().deleteOnExit()
            return TlsStore(file)
        }
    }
}
