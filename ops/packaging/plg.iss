; The installer of the Windows folder, for Inno Setup 6.3: iscc /DVersion=0.1.0 /DSource=..\..\dist\plg-folder plg.iss
;
; For one person, without administrator rights: plg replaces itself through this installer, and a service is installed by
; `plg service install` and not from here. Removing takes back everything: the running tunnel, changes to the system, the service, the PATH.

#ifndef Version
  #error Give the version: /DVersion=0.1.0
#endif
#ifndef Source
  #error Give the folder that PyInstaller made: /DSource=...
#endif

[Setup]
AppId={{6B1F5E0E-6E0B-4B43-9C0B-5B1C3A3E7D52}
AppName=PLGames Booster UP
AppVersion={#Version}
AppVerName=PLGames Booster UP {#Version}
DefaultDirName={localappdata}\Programs\plg
PrivilegesRequired=lowest
DisableProgramGroupPage=yes
DisableDirPage=auto
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
OutputBaseFilename=plg-{#Version}-windows-amd64-setup
Compression=lzma2/max
SolidCompression=yes
ChangesEnvironment=yes
CloseApplications=yes
RestartApplications=no
UninstallDisplayName=PLGames Booster UP

[Languages]
Name: "en"; MessagesFile: "compiler:Default.isl"
Name: "ru"; MessagesFile: "compiler:Languages\Russian.isl"

[InstallDelete]
; What an older version had and this one has not must not be found by it.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "{#Source}\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[UninstallRun]
; In this order: no packet is held any more, then what was changed is put back, then the service goes. Each may find nothing to do.
Filename: "{app}\plg.exe"; Parameters: "disconnect --now"; Flags: runhidden waituntilterminated; RunOnceId: "disconnect"
Filename: "{app}\plg.exe"; Parameters: "restore"; Flags: runhidden waituntilterminated; RunOnceId: "restore"
Filename: "{app}\plg.exe"; Parameters: "service uninstall"; Flags: runhidden waituntilterminated; RunOnceId: "service"

[UninstallDelete]
Type: filesandordirs; Name: "{app}"
Type: filesandordirs; Name: "{app}.previous"
Type: filesandordirs; Name: "{app}\..\.plg.update"

[Code]
const
  EnvironmentKey = 'Environment';

function PathOfPerson(): String;
begin
  if not RegQueryStringValue(HKCU, EnvironmentKey, 'Path', Result) then
    Result := '';
end;

function HasFolder(Path, Folder: String): Boolean;
begin
  Result := Pos(';' + Uppercase(Folder) + ';', ';' + Uppercase(Path) + ';') > 0;
end;

procedure CurStepChanged(CurStep: TSetupStep);
var
  Path: String;
begin
  if CurStep <> ssPostInstall then
    exit;
  Path := PathOfPerson();
  if not HasFolder(Path, ExpandConstant('{app}')) then
  begin
    if (Path <> '') and (Path[Length(Path)] <> ';') then
      Path := Path + ';';
    RegWriteExpandStringValue(HKCU, EnvironmentKey, 'Path', Path + ExpandConstant('{app}'));
  end;
end;

procedure CurUninstallStepChanged(CurUninstallStep: TUninstallStep);
var
  Path, Folder: String;
  Place: Integer;
begin
  if CurUninstallStep <> usPostUninstall then
    exit;
  Path := ';' + PathOfPerson() + ';';
  Folder := ExpandConstant('{app}');
  Place := Pos(';' + Uppercase(Folder) + ';', Uppercase(Path));
  if Place = 0 then
    exit;
  Delete(Path, Place, Length(Folder) + 1);
  while (Length(Path) > 0) and (Path[1] = ';') do
    Delete(Path, 1, 1);
  while (Length(Path) > 0) and (Path[Length(Path)] = ';') do
    Delete(Path, Length(Path), 1);
  RegWriteExpandStringValue(HKCU, EnvironmentKey, 'Path', Path);
end;
