/// A program that lets people into accounts, with the service that it asks PAM for.
struct Door: Sendable {
    /// Where somebody stands who comes through it.
    enum Kind: Hashable, Sendable {
        /// Elsewhere, and gets a session: a shell, a desktop.
        case remote
        /// Elsewhere, and gets at an account's files or mail.
        case remoteData
        /// At the machine.
        case local
        /// In one account already, and gets into another.
        case becoming
    }

    let service: String
    let kind: Kind
    /// Where its program may lie; one of them that is there makes it a door.
    let programs: [String]
    /// The service that the same program asks for in another use.
    let twin: String?
    /// How it is called in a sentence.
    let use: String
    /// Whether its program may have proved a factor itself before it asks PAM, as sshd has with a key.
    var mayHaveProved: Bool { kind == .remote || kind == .remoteData }
    /// Whether its program asks for the service only where somebody has set that up, which its own file stands for.
    let isByChoice: Bool

    init(
        _ service: String, _ kind: Kind, _ use: String, twin: String? = nil, isByChoice: Bool = false,
        _ programs: [String]
    ) {
        self.isByChoice = isByChoice
        self.service = service
        self.kind = kind
        self.use = use
        self.twin = twin
        self.programs = programs
    }

    private static let gdm = ["/usr/sbin/gdm3", "/usr/sbin/gdm", "/usr/bin/gdm"]
    private static let lightdm = ["/usr/sbin/lightdm", "/usr/bin/lightdm"]
    private static let sddm = ["/usr/bin/sddm"]

    /// Those that are known. Cron, at and the like are none: they run for accounts and let nobody in.
    static let all = [
        Door("sshd", .remote, "ssh", ["/usr/sbin/sshd", "/usr/local/sbin/sshd"]),
        Door(
            "cockpit", .remote, "the web console", ["/usr/lib/cockpit/cockpit-session", "/usr/libexec/cockpit-session"]),
        Door("xrdp-sesman", .remote, "the remote desktop", ["/usr/sbin/xrdp-sesman"]),
        Door("remote", .remote, "telnet", ["/usr/sbin/in.telnetd", "/usr/sbin/telnetd"]),
        Door("rlogin", .remote, "rlogin", ["/usr/sbin/in.rlogind"]),
        Door("rsh", .remote, "rsh", ["/usr/sbin/in.rshd"]),
        Door("webmin", .remote, "Webmin", ["/usr/share/webmin/miniserv.pl", "/usr/libexec/webmin/miniserv.pl"]),
        Door("dropbear", .remote, "ssh", ["/usr/sbin/dropbear"]),
        Door("vsftpd", .remoteData, "ftp", ["/usr/sbin/vsftpd"]),
        Door("proftpd", .remoteData, "ftp", ["/usr/sbin/proftpd"]),
        Door("pure-ftpd", .remoteData, "ftp", ["/usr/sbin/pure-ftpd"]),
        Door("dovecot", .remoteData, "mail", ["/usr/sbin/dovecot"]),
        Door("openvpn", .remoteData, "the VPN", ["/usr/sbin/openvpn"]),
        Door("login", .local, "the console", ["/bin/login", "/usr/bin/login"]),
        Door("gdm-password", .local, "the desktop's login", gdm),
        Door("gdm-fingerprint", .local, "the desktop's login by finger", isByChoice: true, gdm),
        Door("gdm-smartcard", .local, "the desktop's login by card", isByChoice: true, gdm),
        Door("gdm-smartcard-pkcs11-exclusive", .local, "the desktop's login by card", isByChoice: true, gdm),
        Door("gdm-smartcard-sssd-exclusive", .local, "the desktop's login by card", isByChoice: true, gdm),
        Door("gdm-smartcard-sssd-or-password", .local, "the desktop's login by card", isByChoice: true, gdm),
        Door("gdm-autologin", .local, "the desktop's login without a password", isByChoice: true, gdm),
        Door("lightdm", .local, "the desktop's login", lightdm),
        Door("lightdm-autologin", .local, "the desktop's login without a password", isByChoice: true, lightdm),
        Door("sddm", .local, "the desktop's login", sddm),
        Door("sddm-autologin", .local, "the desktop's login without a password", isByChoice: true, sddm),
        Door("lxdm", .local, "the desktop's login", ["/usr/sbin/lxdm"]),
        Door("xdm", .local, "the desktop's login", ["/usr/bin/xdm"]),
        Door("greetd", .local, "the desktop's login", ["/usr/sbin/greetd", "/usr/bin/greetd"]),
        Door("sudo", .becoming, "sudo", twin: "sudo-i", ["/usr/bin/sudo"]),
        Door("sudo-i", .becoming, "sudo -i", twin: "sudo", ["/usr/bin/sudo"]),
        Door("su", .becoming, "su", twin: "su-l", ["/usr/bin/su", "/bin/su"]),
        Door("su-l", .becoming, "su -l", twin: "su", ["/usr/bin/su", "/bin/su"]),
        Door("doas", .becoming, "doas", ["/usr/bin/doas", "/usr/local/bin/doas"]),
        Door(
            "polkit-1", .becoming, "pkexec",
            [
                "/usr/lib/polkit-1/polkit-agent-helper-1", "/usr/libexec/polkit-agent-helper-1",
                "/usr/libexec/polkit-1/polkit-agent-helper-1",
            ]),
    ]
}
