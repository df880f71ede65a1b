import AdminProtocol
import PAMStacks

/// Where libpam would look for ours.
enum ModuleFolder {
    /// Throws unless pam_twostep.so is where the system's own modules are: a stack that names a module which is not there
    /// refuses everybody.
    static func check(_ files: any FileTree) throws(CommandFailure) {
        let own = ModuleFolders(files).found.filter { files.exists("\($0)/pam_permit.so") }
        guard !own.contains(where: { files.exists("\($0)/pam_twostep.so") }) else { return }
        throw CommandFailure(
            .refused, code: .lockout,
            "pam_twostep.so is not in \(own.first ?? "/lib/security"), where PAM looks for modules. Nothing was changed.",
            hint: "A stack that names a module which is not there refuses everybody. Install the package first.")
    }
}
