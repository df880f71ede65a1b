package import Configuration
import Glibc
import NIOCore
import NIOSSL

/// What a host has in its hand: its certificate and key, and the fleet's certificate, as `twostep host add` has written them.
package struct HostBundle: Sendable {
    /// What a host says hello to hubs with.
    let tls: NIOSSLContext
    /// Where it stands.
    package let path: String
    /// Unix seconds.
    package let until: Int64
    /// The certificate's serial, in hexadecimal digits.
    package let serial: String

    /// The longest file that is one, in bytes.
    private static let longest = 65_536

    /// Reads a bundle that nobody but root, the daemon's user and its group may read, and nobody but the first two write. What is wrong
    /// with it is a problem of the configuration.
    package static func read(_ path: String) -> Result<HostBundle, Problem> {
        func refused(_ found: String, _ expected: String? = nil) -> Result<HostBundle, Problem> {
            .failure(Problem(file: path, found: found, expected: expected))
        }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else {
            return refused(
                errno == ENOENT ? "no such file" : "it cannot be read by twostepd: \(Privileges.reason())",
                "the bundle that `twostep host add` has written on a hub, root:twostep 0640")
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return refused("it is no file", "a file")
        }
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            return refused("it belongs to uid \(status.st_uid)", "root")
        }
        guard status.st_mode & 0o027 == 0 else {
            return refused(
                "its mode is 0\(String(status.st_mode & 0o7777, radix: 8))",
                "0640 or less: whoever has read it can ask the hubs in this host's name")
        }
        guard status.st_mode & 0o040 == 0 || status.st_gid == 0 || status.st_gid == getegid() else {
            return refused(
                "gid \(status.st_gid) may read it",
                "group twostep, or no group: whoever has read it can ask the hubs in this host's name")
        }
        var bytes = [UInt8](repeating: 0, count: longest + 1)
        defer { for index in bytes.indices { bytes[index] = 0 } }
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0, count <= longest else { return refused("it has no size that a bundle has", nil) }
        var text = Array(bytes[..<count])
        defer { for index in text.indices { text[index] = 0 } }
        do {
            let certificates = try NIOSSLCertificate.fromPEMBytes(text)
            guard certificates.count == 2, let own = certificates.first, let authority = certificates.last else {
                return refused("it has \(certificates.count) certificates", "two: the host's and the fleet's")
            }
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.certificateChain = [.certificate(own)]
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: text, format: .pem))
            configuration.trustRoots = .certificates([authority])
            configuration.minimumTLSVersion = .tlsv13
            configuration.certificateVerification = .fullVerification
            configuration.shutdownTimeout = .milliseconds(RelayTime.handshake)
            return .success(
                HostBundle(
                    tls: try NIOSSLContext(configuration: configuration), path: path, until: Int64(own.notValidAfter),
                    serial: FleetAuthority.text(own.serialNumber)))
        } catch {
            return refused("it is no bundle: \(error)", "the file that `twostep host add` has written, unchanged")
        }
    }
}

/// The hubs of a host, with what it needs to speak to them.
package struct ActiveUpstream: Sendable {
    package let settings: UpstreamSettings
    package let bundle: HostBundle

    /// Whether it is the same, so that connections may stay.
    func isSame(as other: ActiveUpstream) -> Bool {
        settings == other.settings && bundle.serial == other.bundle.serial
    }
}
