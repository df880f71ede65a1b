// swift-tools-version: 6.2
import PackageDescription

// The layers are those of ARCHITECTURE.md; LayeringTests holds every import line against them.

/// Strict everywhere: what the compiler can see, it refuses.
let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// The targets that the module is made of compile both ways: ordinarily for the daemon and the tests, and
/// with the trait `Embedded` as they ship inside sshd, where nothing may be allocated.
let leaf: [SwiftSetting] =
    strict + [
        .treatWarning("EmbeddedRestrictions", as: .error),
        .enableExperimentalFeature("Embedded", .when(traits: ["Embedded"])),
        .unsafeFlags(
            ["-wmo", "-Osize", "-no-allocations", "-Xfrontend", "-function-sections"],
            .when(traits: ["Embedded"])),
    ]

/// The module's link: what it exports is the map's four names, and what it needs is libpam and libc.
let moduleLink: [LinkerSetting] = [
    .linkedLibrary("pam", .when(traits: ["Embedded"])),
    .unsafeFlags(
        [
            "-use-ld=lld",
            "-Xlinker", "--version-script=\(Context.packageDirectory)/Sources/pam_twostep/exports.map",
            "-Xlinker", "--gc-sections", "-Xlinker", "-z", "-Xlinker", "now",
            "-Xlinker", "-z", "-Xlinker", "nodelete", "-Xlinker", "-z", "-Xlinker", "defs",
        ], .when(traits: ["Embedded"])),
]

/// The daemon carries its Swift runtime with it. The flag stands here and not on the command line, where
/// it would change every compile and make the tests rebuild the whole graph.
let daemonLink: [LinkerSetting] = [
    .unsafeFlags([
        "-static-stdlib",
        "-Xlinker", "--start-group", "-lFoundation", "-lFoundationInternationalization", "-lFoundationEssentials",
        "-lCoreFoundation", "-l_FoundationICU", "-l_FoundationCShims", "-l_FoundationCollections",
        "-Xlinker", "--end-group",
        "-Xlinker", "-z", "-Xlinker", "now",
    ])
]

/// The same for who asks security keys, without Foundation.
let keyLink: [LinkerSetting] = [.unsafeFlags(["-static-stdlib", "-Xlinker", "-z", "-Xlinker", "now"])]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
    name: "twostep",
    products: [
        .library(name: "pam_twostep", type: .dynamic, targets: ["pam_twostep"]),
        .executable(name: "twostepd", targets: ["twostepd"]),
        .executable(name: "twostep-fido2", targets: ["twostep_fido2"]),
        // For the fuzzers alone, whose package Tests/Fuzz is.
        .library(name: "FuzzEntries", targets: ["FuzzEntries"]),
    ],
    traits: [.trait(name: "Embedded", description: "Build pam_twostep.so as it ships: no runtime, no heap.")],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Doors: the system's libraries, and the Swift face of libcrypto.
        .systemLibrary(name: "CPOSIX"),
        .systemLibrary(name: "CPAM"),
        .systemLibrary(name: "CPAMApplication"),
        .systemLibrary(name: "COpenSSL"),
        .systemLibrary(name: "CCrypt"),
        .systemLibrary(name: "CQREncode"),
        .systemLibrary(name: "CFIDO2"),
        .systemLibrary(name: "CPQ"),
        .target(name: "Cryptography", dependencies: ["COpenSSL", "CPOSIX"], swiftSettings: strict),

        // Leaf: compiled into the module and into the daemon.
        .target(name: "Wire", dependencies: ["CPOSIX"], swiftSettings: leaf),
        .target(name: "UnixSocket", dependencies: ["CPOSIX", "Wire"], swiftSettings: leaf),

        // The module.
        .target(name: "PAMModule", dependencies: ["CPAM", "CPOSIX", "UnixSocket", "Wire"], swiftSettings: leaf),
        .target(
            name: "pam_twostep", dependencies: ["CPAM", "PAMModule", "Wire"], exclude: ["exports.map"],
            swiftSettings: leaf,
            linkerSettings: moduleLink),

        // Heart: what a login is.
        .target(name: "Authentication", dependencies: ["Wire"], swiftSettings: strict),

        // Arms: one target a kind, none knows another.
        .target(
            name: "AuthModules", dependencies: ["Authentication", "Cryptography", "SecurityKeyProtocol"],
            swiftSettings: strict),
        .target(
            name: "AuthProviders", dependencies: ["Authentication", "CCrypt", "Cryptography", "CPOSIX"],
            swiftSettings: strict),
        .target(
            name: "EnrollmentStores", dependencies: ["Authentication", "CPOSIX", "CPQ", "Cryptography", grdb, sqlite],
            swiftSettings: strict),
        .target(name: "AuthPrograms", dependencies: ["Authentication", "Cryptography"], swiftSettings: strict),
        .target(name: "Configuration", dependencies: ["Authentication", yams], swiftSettings: strict),

        // What the daemon and whoever asks security keys say to each other, and who that is.
        .target(name: "SecurityKeyProtocol", dependencies: ["Authentication"], swiftSettings: strict),
        .executableTarget(
            name: "twostep_fido2", dependencies: ["Authentication", "CFIDO2", "CPOSIX", "SecurityKeyProtocol"],
            swiftSettings: strict, linkerSettings: keyLink),

        // What hosts of a fleet and their hubs say to each other, and when a login goes to which hub.
        .target(name: "RelayProtocol", dependencies: ["Authentication", "Wire"], swiftSettings: strict),

        // How libpam reads its files, without libpam.
        .target(name: "PAMStacks", dependencies: ["Authentication"], swiftSettings: strict),

        // The daemon, the command line, and what they say to each other.
        .target(name: "QRCodes", dependencies: ["Authentication", "CQREncode", "Wire"], swiftSettings: strict),
        .target(name: "AdminProtocol", dependencies: ["Authentication"], swiftSettings: strict),
        .target(
            name: "Daemon",
            dependencies: [
                "AdminProtocol", "AuthModules", "AuthPrograms", "AuthProviders", "Authentication", "CPOSIX",
                "Configuration",
                "Cryptography", "EnrollmentStores", "PAMStacks", "QRCodes", "RelayProtocol", "SecurityKeyProtocol",
                "UnixSocket", "Wire",
                argumentParser, lifecycle, logging,
                nioCore, nioPosix, nioSSL, nioTLS, signals,
            ], swiftSettings: strict,
            // BoringSSL's, which SwiftPM links into programs and forgets for the tests.
            linkerSettings: [.linkedLibrary("stdc++")]),
        .target(
            name: "Administration",
            dependencies: [
                "AdminProtocol", "AuthModules", "AuthPrograms", "Authentication", "CPAMApplication", "CPOSIX",
                "Cryptography", "Daemon",
                "PAMStacks", "QRCodes", "UnixSocket", "Wire", argumentParser,
            ], swiftSettings: strict),
        .executableTarget(
            name: "twostepd", dependencies: ["Administration", "Daemon", argumentParser], swiftSettings: strict,
            linkerSettings: daemonLink),

        // Tests.
        .target(
            name: "AuthenticationTesting", dependencies: ["Authentication"], path: "Tests/AuthenticationTesting",
            swiftSettings: strict),
        .target(
            name: "PAMStacksTesting", dependencies: ["PAMStacks"], path: "Tests/PAMStacksTesting", swiftSettings: strict
        ),
        .testTarget(name: "WireTests", dependencies: ["Wire", "UnixSocket", "CPOSIX"], swiftSettings: strict),
        .testTarget(
            name: "PAMModuleTests", dependencies: ["CPAM", "CPOSIX", "PAMModule", "UnixSocket", "Wire"],
            swiftSettings: strict),
        .testTarget(
            name: "AuthenticationTests", dependencies: ["Authentication", "AuthenticationTesting"],
            swiftSettings: strict),
        .testTarget(
            name: "AuthModulesTests",
            dependencies: [
                "AuthModules", "Authentication", "AuthenticationTesting", "COpenSSL", "Cryptography",
                "SecurityKeyProtocol",
            ], swiftSettings: strict),
        .testTarget(
            name: "AuthProvidersTests",
            dependencies: ["AuthProviders", "Authentication", "AuthenticationTesting", "CCrypt"],
            swiftSettings: strict),
        .testTarget(
            name: "AuthProgramsTests",
            dependencies: ["AuthPrograms", "Authentication", "AuthenticationTesting"], swiftSettings: strict),
        .testTarget(
            name: "EnrollmentStoresTests",
            dependencies: [
                "Authentication", "AuthenticationTesting", "CPOSIX", "Cryptography", "EnrollmentStores", grdb,
            ], swiftSettings: strict),
        .testTarget(
            name: "ConfigurationTests", dependencies: ["Authentication", "AuthenticationTesting", "Configuration"],
            swiftSettings: strict),
        .testTarget(
            name: "RelayProtocolTests", dependencies: ["Authentication", "AuthenticationTesting", "RelayProtocol"],
            swiftSettings: strict),
        .testTarget(name: "CryptographyTests", dependencies: ["Cryptography"], swiftSettings: strict),
        .testTarget(
            name: "DaemonTests",
            dependencies: [
                "AdminProtocol", "Authentication", "AuthenticationTesting", "AuthModules", "AuthPrograms",
                "AuthProviders", "Configuration", "Daemon", "SecurityKeyProtocol", "UnixSocket", "Wire", nioCore,
                nioEmbedded, nioPosix,
            ], swiftSettings: strict),
        .testTarget(
            name: "AdministrationTests",
            dependencies: [
                "Administration", "AdminProtocol", "Authentication", "AuthenticationTesting", "CPOSIX",
                "Configuration", "Daemon", "PAMStacks", "PAMStacksTesting", "QRCodes", "UnixSocket", "Wire",
            ], swiftSettings: strict),
        .testTarget(
            name: "PAMStacksTests", dependencies: ["CPAM", "PAMStacks", "PAMStacksTesting"], swiftSettings: strict),
        .testTarget(name: "StructureTests", swiftSettings: strict),
        .target(
            name: "FuzzEntries",
            dependencies: [
                "Administration", "AdminProtocol", "AuthModules", "AuthProviders", "Authentication", "CPAM", "CPOSIX",
                "Configuration", "Daemon", "PAMModule", "PAMStacks", "RelayProtocol", "SecurityKeyProtocol", "Wire",
            ], path: "Tests/FuzzEntries", swiftSettings: strict),
        .testTarget(name: "FuzzTests", dependencies: ["AuthenticationTesting", "FuzzEntries"], swiftSettings: strict),
    ]
)
