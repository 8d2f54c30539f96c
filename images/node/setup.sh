#!/bin/sh
# Make Debian's systemd and containerd the node that kind's files expect.
set -eu

# Only what a node needs may start: no login, no timers, no hardware.
find /lib/systemd/system/sysinit.target.wants -name systemd-tmpfiles-setup.service -delete
rm -f /lib/systemd/system/multi-user.target.wants/* /etc/systemd/system/*.wants/* \
  /lib/systemd/system/local-fs.target.wants/* /lib/systemd/system/basic.target.wants/* \
  /lib/systemd/system/sockets.target.wants/*udev* /lib/systemd/system/sockets.target.wants/*initctl*
echo 'ReadKMsg=no' >> /etc/systemd/journald.conf
systemctl enable kubelet.service containerd.service undo-mount-hacks.service service-network.service
systemctl mask systemd-binfmt.service

# kind's units name the places of its own builds.
ln -s /usr/bin/containerd /usr/bin/ctr /usr/local/bin/
ln -s /usr/sbin/runc /usr/local/sbin/runc
mkdir -p /opt/cni /etc/kubernetes/manifests
ln -s /usr/lib/cni /opt/cni/bin
chmod 755 /kind /kind/bin /kind/bin/* /usr/local/bin/entrypoint

# The oom_score_adj of pods cannot be lowered without CAP_SYS_RESOURCE.
sed -i -e 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' \
  -e "s|^  sandbox_image = .*|  sandbox_image = \"$(cat /kind/pause-image)\"|" \
  /etc/containerd/config.toml
rm /kind/pause-image
# Where containerd 2 looks by itself for what it should know of a registry.
cat >> /etc/containerd/config.toml <<'END'
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/containerd/certs.d"
END

ctr oci spec \
  | jq 'del(.process.rlimits)
        | .hooks.createContainer += [{path: "/kind/bin/mount-product-files.sh"}]' \
  > /etc/containerd/cri-base.json
