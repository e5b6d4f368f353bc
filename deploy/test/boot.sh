# Becomes systemd, which runs units_inside.sh and ends with its exit code.
cat > /etc/systemd/system/mortise-test.service <<'UNIT'
[Unit]
After=basic.target dbus.service
SuccessAction=exit-force
SuccessActionExitStatus=0
FailureAction=exit-force
FailureActionExitStatus=1

[Service]
Type=oneshot
ExecStart=/test/units_inside.sh
StandardOutput=append:/out/log
StandardError=inherit
UNIT
mkdir -p /etc/systemd/system/multi-user.target.wants
ln -s ../mortise-test.service /etc/systemd/system/multi-user.target.wants/
exec /lib/systemd/systemd --system --unit=multi-user.target
