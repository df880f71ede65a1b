import Testing

/// The layers of ARCHITECTURE.md, held against every import line: SwiftPM lets a target import what it reaches only
/// through others, so the package's own list proves nothing.
@Suite struct LayeringTests {
    static let doors: Set<String> = [
        "CPAM", "CPAMApplication", "CPOSIX", "COpenSSL", "CCrypt", "CFIDO2", "CPQ", "CQREncode",
    ]

    /// What each target's files may import. A target without a row here fails.
    static let rows: [String: Set<String>] = [
        // Doors: the system's libraries.
        "CPAM": [], "CPAMApplication": [], "CPOSIX": [], "COpenSSL": [], "CCrypt": [], "CFIDO2": [],
        "CPQ": [], "CQREncode": [],
        "Cryptography": ["COpenSSL", "CPOSIX"],
        // Leaf.
        // An atomic is what keeps a value at one address, so that wiping it wipes all there is.
        "Wire": ["CPOSIX", "Synchronization"],
        "UnixSocket": ["CPOSIX", "Wire"],
        // The module.
        "PAMModule": ["CPAM", "CPOSIX", "UnixSocket", "Wire"],
        "pam_twostep": ["CPAM", "PAMModule", "Wire"],
        // Heart.
        "Authentication": ["Wire"],
        // Arms: the heart, the system, and each its own library.
        "AuthModules": ["Authentication", "Cryptography", "SecurityKeyProtocol"],
        // The standard library by its name, for the composed form of texts.
        "AuthProviders": ["Authentication", "CCrypt", "CPOSIX", "Cryptography", "Glibc", "Swift", "Synchronization"],
        "AuthPrograms": ["Authentication", "Cryptography", "Synchronization"],
        "EnrollmentStores": [
            "Authentication", "CPOSIX", "CPQ", "Cryptography", "GRDB", "GRDBSQLite", "Synchronization",
        ],
        // CYaml is the C half of Yams: its events tell what `compose` hides.
        "Configuration": ["Authentication", "CYaml", "Glibc"],
        // The Swift face of libqrencode: for what is shown at a login and on the command line.
        "QRCodes": ["Authentication", "CQREncode", "Wire"],
        // What the daemon and whoever asks security keys say to each other; and he, who alone knows libfido2.
        "SecurityKeyProtocol": ["Authentication"],
        "twostep_fido2": ["Authentication", "CFIDO2", "CPOSIX", "Glibc", "SecurityKeyProtocol", "Synchronization"],
        // What hosts of a fleet and their hubs say to each other.
        "RelayProtocol": ["Authentication", "Wire"],
        // How libpam reads its files, without libpam.
        "PAMStacks": ["Authentication", "Glibc"],
        // The daemon, the command line, and what they say to each other.
        "AdminProtocol": ["Authentication", "Foundation"],
        "Daemon": [
            "AdminProtocol", "ArgumentParser", "AuthModules", "AuthPrograms", "AuthProviders", "Authentication",
            "CPOSIX",
            "Configuration", "Cryptography", "Dispatch", "EnrollmentStores", "Foundation", "Glibc", "Logging",
            "NIOCore", "NIOPosix", "NIOSSL", "NIOTLS", "PAMStacks", "QRCodes", "RelayProtocol", "SecurityKeyProtocol",
            "ServiceLifecycle", "Synchronization",
            "UnixSignals",
            "UnixSocket",
            "Wire",
        ],
        "Administration": [
            "AdminProtocol", "ArgumentParser", "AuthModules", "AuthPrograms", "Authentication", "CPAMApplication",
            "CPOSIX",
            "Cryptography", "Daemon", "Foundation", "Glibc", "PAMStacks", "QRCodes", "UnixSocket", "Wire",
        ],
        "twostepd": ["Administration", "ArgumentParser", "Daemon", "Glibc"],
    ]

    @Test func `every target has a row, and every row a target`() throws {
        #expect(try SourceFile.targets(in: "Sources") == LayeringTests.rows.keys.sorted())
    }

    @Test(arguments: rows.keys.sorted()) func `imports only what its layer may`(_ target: String) throws {
        let allowed = try #require(LayeringTests.rows[target])
        for file in try SourceFile.all(below: "Sources/\(target)") {
            for (number, module) in file.imports {
                #expect(allowed.contains(module), "\(file.path):\(number) imports \(module)")
            }
        }
    }

    @Test func `no arm knows another, and nobody below knows the daemon`() {
        let arms: Set<String> = ["AuthModules", "AuthPrograms", "AuthProviders", "EnrollmentStores", "Configuration"]
        let above: Set<String> = ["Daemon", "Administration", "twostepd", "AdminProtocol"]
        for (target, row) in LayeringTests.rows where !above.contains(target) {
            #expect(row.isDisjoint(with: arms.union(above)), "\(target)")
            #expect(row.isDisjoint(with: ["Foundation", "Dispatch", "Logging", "NIOCore", "NIOPosix"]), "\(target)")
        }
    }

    /// The command line is linked to none: it loads libpam when somebody tries a stack.
    @Test func `only the module reaches libpam`() throws {
        #expect(!(try SourceFile.text(of: "Sources/CPAMApplication/module.modulemap").contains("link")))
        for (target, row) in LayeringTests.rows where target != "PAMModule" && target != "pam_twostep" {
            #expect(!row.contains("CPAM"), "\(target)")
        }
    }

    @Test func `a door says what it is and holds no Swift`() throws {
        for door in LayeringTests.doors { #expect(try SourceFile.all(below: "Sources/\(door)").isEmpty) }
    }

    @Test(arguments: [
        ("import A", "A"), ("package import A", "A"), ("@preconcurrency import A", "A"), ("import struct A.B", "A"),
        ("import A.B", "A"), ("  public import A // why", "A"), ("@_spi(X) @testable import A", "A"),
    ]) func `the reader of import lines sees them all`(_ line: String, _ module: String) {
        #expect(SourceFile(path: "x", lines: [line]).imports.map(\.module) == [module])
    }

    @Test(arguments: ["// import A", "let importance = 1", "\"import A\"", "imported A"])
    func `and takes nothing else for one`(_ line: String) {
        #expect(SourceFile(path: "x", lines: [line]).imports.isEmpty)
    }
}
